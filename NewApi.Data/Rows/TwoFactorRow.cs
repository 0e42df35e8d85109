using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>The second factor of an account (specification: data model §3.14).</summary>
[Table("two_fas")]
public sealed class TwoFactorRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id")]
    public long UserId { get; set; }

    /// <summary>Base32.</summary>
    [Column("secret")]
    public string Secret { get; set => field = value ?? ""; } = "";

    [Column("is_enabled", CanBeNull = true)]
    public bool IsEnabled { get; set; }

    [Column("failed_attempts")]
    public long FailedAttempts { get; set; }

    [Column("locked_until")]
    public DateTimeOffset? LockedUntil { get; set; }

    [Column("last_used_at")]
    public DateTimeOffset? LastUsedAt { get; set; }

    [Column("created_at")]
    public DateTimeOffset? CreatedAt { get; set; }

    [Column("updated_at")]
    public DateTimeOffset? UpdatedAt { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }
}
