using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>The passkey of an account, at most one (specification: data model §3.14).</summary>
[Table("passkey_credentials")]
public sealed class PasskeyCredentialRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id")]
    public long UserId { get; set; }

    /// <summary>Standard Base64.</summary>
    [Column("credential_id")]
    public string CredentialId { get; set => field = value ?? ""; } = "";

    /// <summary>Base64 of the COSE key.</summary>
    [Column("public_key")]
    public string PublicKey { get; set => field = value ?? ""; } = "";

    [Column("attestation_type")]
    public string AttestationType { get; set => field = value ?? ""; } = "";

    [Column("aa_guid")]
    public string AaGuid { get; set => field = value ?? ""; } = "";

    [Column("sign_count")]
    public long SignCount { get; set; }

    [Column("clone_warning", CanBeNull = true)]
    public bool CloneWarning { get; set; }

    [Column("user_present", CanBeNull = true)]
    public bool UserPresent { get; set; }

    [Column("user_verified", CanBeNull = true)]
    public bool UserVerified { get; set; }

    [Column("backup_eligible", CanBeNull = true)]
    public bool BackupEligible { get; set; }

    [Column("backup_state", CanBeNull = true)]
    public bool BackupState { get; set; }

    /// <summary>JSON array.</summary>
    [Column("transports")]
    public string Transports { get; set => field = value ?? ""; } = "";

    [Column("attachment")]
    public string Attachment { get; set => field = value ?? ""; } = "";

    [Column("last_used_at")]
    public DateTimeOffset? LastUsedAt { get; set; }

    [Column("created_at")]
    public DateTimeOffset? CreatedAt { get; set; }

    [Column("updated_at")]
    public DateTimeOffset? UpdatedAt { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }
}
