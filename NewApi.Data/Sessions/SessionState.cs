using System.Text.Json.Serialization;

namespace NewApi.Data.Sessions;

/// <summary>
/// What the session cookie says. It names a user and what is pending; role, status and group are read from the row on each request,
/// so that disabling or demoting somebody takes effect at once.
/// </summary>
public sealed record SessionState
{
    [JsonPropertyName("id")]
    public long UserId { get; init; }

    /// <summary>Unix seconds; the cookie is good for 30 days from here, and the server checks that itself.</summary>
    [JsonPropertyName("iat")]
    public long IssuedAt { get; init; }

    /// <summary>The row's <c>auth_version</c> at login: a new password ends the sessions of the old one.</summary>
    [JsonPropertyName("ver")]
    public long AuthVersion { get; init; }

    /// <summary>Who has given the right password and still owes a second factor; such a session logs nobody in.</summary>
    [JsonPropertyName("pending")]
    public long PendingUserId { get; init; }
}

[JsonSerializable(typeof(SessionState))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
internal sealed partial class SessionJson : JsonSerializerContext;
