using LinqToDB;
using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>An account (specification: data model §3.1). Balances are points and always show the settled figure.</summary>
[Table("users")]
public sealed class UserRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("username")]
    public string Username { get; set => field = value ?? ""; } = "";

    /// <summary>bcrypt hash; empty for accounts that only sign in through a provider.</summary>
    [Column("password")]
    public string Password { get; set => field = value ?? ""; } = "";

    [Column("display_name")]
    public string DisplayName { get; set => field = value ?? ""; } = "";

    /// <summary>1 common, 10 administrator, 100 root.</summary>
    [Column("role")]
    public long Role { get; set; } = 1;

    /// <summary>1 enabled, 2 disabled.</summary>
    [Column("status")]
    public long Status { get; set; } = 1;

    [Column("email")]
    public string Email { get; set => field = value ?? ""; } = "";

    [Column("github_id")]
    public string GitHubId { get; set => field = value ?? ""; } = "";

    [Column("discord_id")]
    public string DiscordId { get; set => field = value ?? ""; } = "";

    [Column("oidc_id")]
    public string OidcId { get; set => field = value ?? ""; } = "";

    [Column("wechat_id")]
    public string WeChatId { get; set => field = value ?? ""; } = "";

    [Column("telegram_id")]
    public string TelegramId { get; set => field = value ?? ""; } = "";

    [Column("linux_do_id")]
    public string LinuxDoId { get; set => field = value ?? ""; } = "";

    /// <summary>Management access token; several accounts may have none.</summary>
    [Column("access_token", DataType = DataType.Char, Length = 32)]
    public string? AccessToken { get; set => field = value?.TrimEnd(' '); }

    /// <summary>Remaining balance in points; may be negative.</summary>
    [Column("quota")]
    public long Quota { get; set; }

    [Column("used_quota")]
    public long UsedQuota { get; set; }

    [Column("request_count")]
    public long RequestCount { get; set; }

    [Column("group")]
    public string Group { get; set => field = value ?? ""; } = "default";

    [Column("aff_code")]
    public string? AffCode { get; set; }

    [Column("aff_count")]
    public long AffCount { get; set; }

    [Column("aff_quota")]
    public long AffQuota { get; set; }

    [Column("aff_history")]
    public long AffHistory { get; set; }

    [Column("inviter_id", CanBeNull = true)]
    public long InviterId { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>JSON, specification: data model §4.1.</summary>
    [Column("setting")]
    public string? Setting { get; set; }

    [Column("remark")]
    public string? Remark { get; set; }

    [Column("stripe_customer")]
    public string? StripeCustomer { get; set; }

    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }

    [Column("last_login_at")]
    public long LastLoginAt { get; set; }

    /// <summary>Bumped to invalidate credentials that were issued earlier.</summary>
    [Column("auth_version")]
    public long AuthVersion { get; set; } = 1;

    /// <summary>Points taken out of the balance by relays and not settled yet.</summary>
    [Column("newapi_held")]
    public long Held { get; set; }
}
