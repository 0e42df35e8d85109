using System.Text.Json.Serialization;
using NewApi.AdminService.Access;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Accounts;

/// <summary>
/// An account as its owner or an administrator sees it. There is no member that could carry a password or an access token, so no list
/// can leak one.
/// </summary>
internal sealed record UserView
{
    public long Id { get; init; }

    public required string Username { get; init; }

    public required string DisplayName { get; init; }

    public long Role { get; init; }

    public long Status { get; init; }

    public required string Email { get; init; }

    [JsonPropertyName("github_id")]
    public required string GitHubId { get; init; }

    public required string DiscordId { get; init; }

    public required string OidcId { get; init; }

    [JsonPropertyName("wechat_id")]
    public required string WeChatId { get; init; }

    public required string TelegramId { get; init; }

    public required string LinuxDoId { get; init; }

    public required string Group { get; init; }

    public long Quota { get; init; }

    public long UsedQuota { get; init; }

    public long RequestCount { get; init; }

    public required string AffCode { get; init; }

    public long AffCount { get; init; }

    public long AffQuota { get; init; }

    public long AffHistoryQuota { get; init; }

    public long InviterId { get; init; }

    public required string Setting { get; init; }

    public required string StripeCustomer { get; init; }

    /// <summary>Administrators only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Remark { get; init; }

    /// <summary>Owner only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SidebarModules { get; init; }

    /// <summary>Owner only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UserPermissions? Permissions { get; init; }

    [JsonPropertyName("DeletedAt")]
    public DateTimeOffset? DeletedAt { get; init; }

    public static UserView ForAdmin(UserRow row) => Of(row) with
    {
        Remark = row.Remark ?? "",
        Setting = UserSetting.WithoutSecrets(row.Setting),
    };

    public static UserView ForOwner(UserRow row) => Of(row) with
    {
        SidebarModules = UserSetting.Parse(row.Setting)["sidebar_modules"] is System.Text.Json.Nodes.JsonValue value
            && value.TryGetValue<string>(out var modules) ? modules : "",
        Permissions = UserPermissions.Of(row.Role),
    };

    private static UserView Of(UserRow row) => new()
    {
        Id = row.Id,
        Username = row.Username,
        DisplayName = row.DisplayName,
        Role = row.Role,
        Status = row.Status,
        Email = row.Email,
        GitHubId = row.GitHubId,
        DiscordId = row.DiscordId,
        OidcId = row.OidcId,
        WeChatId = row.WeChatId,
        TelegramId = row.TelegramId,
        LinuxDoId = row.LinuxDoId,
        Group = row.Group,
        Quota = row.Quota,
        UsedQuota = row.UsedQuota,
        RequestCount = row.RequestCount,
        AffCode = row.AffCode ?? "",
        AffCount = row.AffCount,
        AffQuota = row.AffQuota,
        AffHistoryQuota = row.AffHistory,
        InviterId = row.InviterId,
        Setting = row.Setting ?? "",
        StripeCustomer = row.StripeCustomer ?? "",
        DeletedAt = row.DeletedAt,
    };
}

/// <summary>Which parts of the console a role may configure (specification: admin API §6).</summary>
internal sealed record UserPermissions(bool SidebarSettings, System.Text.Json.Nodes.JsonObject SidebarModules)
{
    public static UserPermissions Of(long role) => role switch
    {
        >= Roles.Root => new(false, []),
        >= Roles.Admin => new(true, new() { ["admin"] = new System.Text.Json.Nodes.JsonObject { ["setting"] = false } }),
        _ => new(true, new() { ["admin"] = false }),
    };
}

/// <summary>What a login answers with.</summary>
internal sealed record LoginView(long Id, string Username, string DisplayName, long Role, long Status, string Group)
{
    public static LoginView Of(UserRow row) => new(row.Id, row.Username, row.DisplayName, row.Role, row.Status, row.Group);
}

/// <summary>What an action on an account answers with.</summary>
internal sealed record ManagedView(long Role, long Status);
