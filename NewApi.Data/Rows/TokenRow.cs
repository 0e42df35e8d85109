using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A relay key (specification: data model §3.2).</summary>
[Table("tokens")]
public sealed class TokenRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    /// <summary>Without the <c>sk-</c> prefix. Compare ordinally after a look-up: MySQL matches it case-insensitively.</summary>
    [Column("key")]
    public string Key { get; set => field = value?.TrimEnd(' ') ?? ""; } = "";

    /// <summary>1 enabled, 2 disabled, 3 expired, 4 exhausted.</summary>
    [Column("status")]
    public long Status { get; set; } = 1;

    [Column("name")]
    public string Name { get; set => field = value ?? ""; } = "";

    [Column("created_time", CanBeNull = true)]
    public long CreatedTime { get; set; }

    [Column("accessed_time", CanBeNull = true)]
    public long AccessedTime { get; set; }

    /// <summary>Unix seconds; -1 means never.</summary>
    [Column("expired_time")]
    public long ExpiredTime { get; set; } = -1;

    /// <summary>Points; meaningless when unlimited.</summary>
    [Column("remain_quota")]
    public long RemainQuota { get; set; }

    [Column("unlimited_quota")]
    public bool UnlimitedQuota { get; set; }

    [Column("model_limits_enabled")]
    public bool ModelLimitsEnabled { get; set; }

    /// <summary>Comma list of model names.</summary>
    [Column("model_limits")]
    public string ModelLimits { get; set => field = value ?? ""; } = "";

    /// <summary>Newline list of addresses or CIDR ranges.</summary>
    [Column("allow_ips")]
    public string? AllowIps { get; set; }

    [Column("used_quota")]
    public long UsedQuota { get; set; }

    /// <summary>Empty means the owner's group; <c>auto</c> picks one.</summary>
    [Column("group")]
    public string Group { get; set => field = value ?? ""; } = "";

    [Column("cross_group_retry")]
    public bool CrossGroupRetry { get; set; }

    /// <summary>JSON array of groups for <c>auto</c>.</summary>
    [Column("auto_groups")]
    public string? AutoGroups { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>Points taken out of the key's limit by relays and not settled yet.</summary>
    [Column("newapi_held")]
    public long Held { get; set; }
}
