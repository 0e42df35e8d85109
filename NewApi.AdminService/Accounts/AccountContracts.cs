using System.Text.Json.Serialization;

namespace NewApi.AdminService.Accounts;

internal sealed record LoginRequest
{
    public string? Username { get; init; }

    public string? Password { get; init; }
}

internal sealed record RegisterRequest
{
    public string? Username { get; init; }

    public string? Password { get; init; }

    public string? Email { get; init; }

    public string? VerificationCode { get; init; }

    public string? AffCode { get; init; }
}

internal sealed record SelfUpdateRequest
{
    public string? Username { get; init; }

    public string? DisplayName { get; init; }

    public string? Password { get; init; }

    public string? OriginalPassword { get; init; }

    /// <summary>When the member is there, only this setting is stored.</summary>
    public string? SidebarModules { get; init; }

    /// <inheritdoc cref="SidebarModules"/>
    public string? Language { get; init; }
}

internal sealed record SettingRequest
{
    public string? NotifyType { get; init; }

    public double QuotaWarningThreshold { get; init; }

    public string? WebhookUrl { get; init; }

    public string? WebhookSecret { get; init; }

    public string? NotificationEmail { get; init; }

    public string? BarkUrl { get; init; }

    public string? GotifyUrl { get; init; }

    public string? GotifyToken { get; init; }

    public int GotifyPriority { get; init; }

    public bool AcceptUnsetModelRatioModel { get; init; }

    public bool RecordIpLog { get; init; }
}

internal sealed record UserCreateRequest
{
    public string? Username { get; init; }

    public string? Password { get; init; }

    public string? DisplayName { get; init; }

    public long Role { get; init; }
}

/// <summary>The complete account as an administrator saves it; absent members count as empty and zero.</summary>
internal sealed record UserUpdateRequest
{
    public long Id { get; init; }

    public string? Username { get; init; }

    public string? Password { get; init; }

    public string? DisplayName { get; init; }

    public string? Group { get; init; }

    public long Quota { get; init; }

    public string? Remark { get; init; }
}

internal sealed record UserManageRequest
{
    public long Id { get; init; }

    public string? Action { get; init; }
}

internal sealed record RedeemRequest
{
    public string? Key { get; init; }
}

internal sealed record AffTransferRequest
{
    [JsonPropertyName("quota")]
    public long Points { get; init; }
}
