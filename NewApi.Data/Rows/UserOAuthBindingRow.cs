using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>An account's identity at a custom sign-in provider (specification: data model §3.17).</summary>
[Table("user_oauth_bindings")]
public sealed class UserOAuthBindingRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id")]
    public long UserId { get; set; }

    [Column("provider_id")]
    public long ProviderId { get; set; }

    [Column("provider_user_id")]
    public string ProviderUserId { get; set => field = value ?? ""; } = "";

    [Column("created_at")]
    public DateTimeOffset? CreatedAt { get; set; }
}
