using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A backup code of a second factor (specification: data model §3.14).</summary>
[Table("two_fa_backup_codes")]
public sealed class TwoFactorBackupCodeRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id")]
    public long UserId { get; set; }

    /// <summary>bcrypt of the upper-case code with its dash.</summary>
    [Column("code_hash")]
    public string CodeHash { get; set => field = value ?? ""; } = "";

    [Column("is_used", CanBeNull = true)]
    public bool IsUsed { get; set; }

    [Column("used_at")]
    public DateTimeOffset? UsedAt { get; set; }

    [Column("created_at")]
    public DateTimeOffset? CreatedAt { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }
}
