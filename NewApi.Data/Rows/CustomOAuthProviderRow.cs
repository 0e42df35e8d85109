using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A sign-in provider that an administrator added (specification: data model §3.17).</summary>
[Table("custom_oauth_providers")]
public sealed class CustomOAuthProviderRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("name")]
    public string Name { get; set => field = value ?? ""; } = "";

    [Column("slug")]
    public string Slug { get; set => field = value ?? ""; } = "";

    [Column("enabled")]
    public bool Enabled { get; set; }

    [Column("client_id")]
    public string ClientId { get; set => field = value ?? ""; } = "";

    /// <summary>Never returned.</summary>
    [Column("client_secret")]
    public string ClientSecret { get; set => field = value ?? ""; } = "";

    [Column("authorization_endpoint")]
    public string AuthorizationEndpoint { get; set => field = value ?? ""; } = "";

    [Column("token_endpoint")]
    public string TokenEndpoint { get; set => field = value ?? ""; } = "";

    [Column("user_info_endpoint")]
    public string UserInfoEndpoint { get; set => field = value ?? ""; } = "";

    [Column("scopes")]
    public string Scopes { get; set => field = value ?? ""; } = "openid profile email";

    [Column("user_id_field")]
    public string UserIdField { get; set => field = value ?? ""; } = "sub";

    [Column("username_field")]
    public string UsernameField { get; set => field = value ?? ""; } = "preferred_username";

    [Column("display_name_field")]
    public string DisplayNameField { get; set => field = value ?? ""; } = "name";

    [Column("email_field")]
    public string EmailField { get; set => field = value ?? ""; } = "email";

    [Column("well_known")]
    public string WellKnown { get; set => field = value ?? ""; } = "";

    /// <summary>0 automatic, 1 body, 2 HTTP Basic.</summary>
    [Column("auth_style")]
    public long AuthStyle { get; set; }

    [Column("created_at")]
    public DateTimeOffset? CreatedAt { get; set; }

    [Column("updated_at")]
    public DateTimeOffset? UpdatedAt { get; set; }
}
