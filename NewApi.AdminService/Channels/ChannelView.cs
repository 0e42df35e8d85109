using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using NewApi.Data.Channels;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Channels;

/// <summary>A channel as administrators see it. <c>key</c> is always empty: no list, answer or export carries a credential.</summary>
internal sealed record ChannelView
{
    public long Id { get; init; }

    public long Type { get; init; }

    public string Key { get; } = "";

    [JsonPropertyName("openai_organization")]
    public string? OpenAiOrganization { get; init; }

    public string? TestModel { get; init; }

    public long Status { get; init; }

    public required string Name { get; init; }

    public long Weight { get; init; }

    public long CreatedTime { get; init; }

    public long TestTime { get; init; }

    public long ResponseTime { get; init; }

    public string? BaseUrl { get; init; }

    public required string Other { get; init; }

    public decimal Balance { get; init; }

    public long BalanceUpdatedTime { get; init; }

    public required string Models { get; init; }

    public required string Group { get; init; }

    public long UsedQuota { get; init; }

    public string? ModelMapping { get; init; }

    public string? StatusCodeMapping { get; init; }

    public long Priority { get; init; }

    public long AutoBan { get; init; }

    public required string OtherInfo { get; init; }

    public string? Tag { get; init; }

    public string? Setting { get; init; }

    public string? ParamOverride { get; init; }

    public string? HeaderOverride { get; init; }

    public string? Remark { get; init; }

    public required JsonObject ChannelInfo { get; init; }

    public required string Settings { get; init; }

    public static ChannelView Of(ChannelRow row) => new()
    {
        Id = row.Id,
        Type = row.Type,
        OpenAiOrganization = row.OpenAiOrganization,
        TestModel = row.TestModel,
        Status = row.Status,
        Name = row.Name,
        Weight = row.Weight ?? 0,
        CreatedTime = row.CreatedTime,
        TestTime = row.TestTime,
        ResponseTime = row.ResponseTime,
        BaseUrl = row.BaseUrl,
        Other = row.Other,
        Balance = row.Balance,
        BalanceUpdatedTime = row.BalanceUpdatedTime,
        Models = row.Models,
        Group = row.Group,
        UsedQuota = row.UsedQuota,
        ModelMapping = row.ModelMapping,
        StatusCodeMapping = row.StatusCodeMapping,
        Priority = row.Priority ?? 0,
        AutoBan = row.AutoBan ?? 0,
        OtherInfo = row.OtherInfo,
        Tag = row.Tag,
        Setting = row.Setting,
        ParamOverride = row.ParamOverride,
        HeaderOverride = row.HeaderOverride,
        Remark = row.Remark,
        ChannelInfo = MultiKeyInfo.Parse(row.ChannelInfo).ToView(),
        Settings = row.Settings ?? "",
    };
}
