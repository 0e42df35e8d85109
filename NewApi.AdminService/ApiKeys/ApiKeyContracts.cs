using System.Text.Json.Serialization;
using NewApi.Data.Rows;

namespace NewApi.AdminService.ApiKeys;

/// <summary>
/// A relay key as its owner sees it, with the bare key: the answer to a creation carries no data, so the list is where a client learns
/// it (specification: admin API §19.5). It is only ever built from rows that a query limited to the owner.
/// </summary>
internal sealed record ApiKeyView
{
    public long Id { get; init; }

    public long UserId { get; init; }

    public required string Key { get; init; }

    public long Status { get; init; }

    public required string Name { get; init; }

    public long CreatedTime { get; init; }

    public long AccessedTime { get; init; }

    public long ExpiredTime { get; init; }

    public long RemainQuota { get; init; }

    public bool UnlimitedQuota { get; init; }

    public bool ModelLimitsEnabled { get; init; }

    public required string ModelLimits { get; init; }

    public required string AllowIps { get; init; }

    public long UsedQuota { get; init; }

    public required string Group { get; init; }

    public bool CrossGroupRetry { get; init; }

    [JsonPropertyName("DeletedAt")]
    public DateTimeOffset? DeletedAt { get; init; }

    public static ApiKeyView Of(TokenRow row) => new()
    {
        Id = row.Id,
        UserId = row.UserId,
        Key = row.Key,
        Status = row.Status,
        Name = row.Name,
        CreatedTime = row.CreatedTime,
        AccessedTime = row.AccessedTime,
        ExpiredTime = row.ExpiredTime,
        RemainQuota = row.RemainQuota,
        UnlimitedQuota = row.UnlimitedQuota,
        ModelLimitsEnabled = row.ModelLimitsEnabled,
        ModelLimits = row.ModelLimits,
        AllowIps = row.AllowIps ?? "",
        UsedQuota = row.UsedQuota,
        Group = row.Group,
        CrossGroupRetry = row.CrossGroupRetry,
        DeletedAt = row.DeletedAt,
    };
}

internal sealed record ApiKeyRequest
{
    public long Id { get; init; }

    public long Status { get; init; }

    public string? Name { get; init; }

    public long ExpiredTime { get; init; }

    public long RemainQuota { get; init; }

    public bool UnlimitedQuota { get; init; }

    public bool ModelLimitsEnabled { get; init; }

    public string? ModelLimits { get; init; }

    public string? AllowIps { get; init; }

    public string? Group { get; init; }

    public bool CrossGroupRetry { get; init; }
}

internal sealed record IdsRequest
{
    public long[]? Ids { get; init; }
}
