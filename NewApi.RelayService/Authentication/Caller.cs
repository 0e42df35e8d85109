using System.Collections.Frozen;
using System.Net;
using NewApi.Domain;
using NewApi.RelayService.Settlement;

namespace NewApi.RelayService.Authentication;

/// <summary>Whoever the presented key, or session, belongs to: account, group, limits. Immutable; a changed row makes a new caller.</summary>
internal sealed record Caller
{
    public required long UserId { get; init; }

    public required string Username { get; init; }

    public required string UserGroup { get; init; }

    public required bool UserEnabled { get; init; }

    /// <summary>Role of the account: 10 and above may pin a channel with their key.</summary>
    public required long Role { get; init; }

    /// <summary>0 for a session of the console: no key is charged.</summary>
    public required long TokenId { get; init; }

    public required string TokenName { get; init; }

    public required long TokenStatus { get; init; }

    /// <summary>Unix seconds; -1 means never.</summary>
    public required long ExpiresAt { get; init; }

    public required bool Unlimited { get; init; }

    /// <summary>What the key had left when it was read; only a hold knows what it has left now.</summary>
    public required long RemainQuota { get; init; }

    /// <summary>Group of the key; empty means the user's.</summary>
    public required string TokenGroup { get; init; }

    public required bool CrossGroupRetry { get; init; }

    /// <summary>Models the key may use, or null for any.</summary>
    public required FrozenSet<string>? Models { get; init; }

    public bool MayUse(string model) => Models is not { } models || models.Contains(model) || models.Contains(ModelNames.Normalize(model));

    /// <summary>Addresses the key may be used from, or null for any.</summary>
    public required IReadOnlyList<IPNetwork>? Networks { get; init; }

    /// <summary>The user takes models without a price at the fallback price.</summary>
    public required bool AcceptsUnpriced { get; init; }

    public required bool RecordsAddress { get; init; }

    /// <summary>Whose credits pay for the calls.</summary>
    public required Payer Payer { get; init; }

    /// <summary>Under what the caller is cached.</summary>
    public required KeyDigest Digest { get; init; }

    /// <summary>When the rows were read, in milliseconds of the process clock.</summary>
    public required long ReadAt { get; init; }
}
