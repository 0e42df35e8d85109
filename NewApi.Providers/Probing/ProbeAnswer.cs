using NewApi.Domain;

namespace NewApi.Providers.Probing;

/// <summary>What came of a probe.</summary>
/// <param name="Fault">Null: the account is in order.</param>
/// <param name="Elapsed">Zero when nothing was sent.</param>
/// <param name="Usage">What the upstream reported.</param>
public sealed record ProbeAnswer(ProbeFault? Fault, TimeSpan Elapsed, Usage Usage = default);

/// <summary>Why a probe failed.</summary>
public enum ProbeFailure
{
    /// <summary>The provider has no cheap question.</summary>
    Unsupported,

    NoBaseUrl,

    BadBaseUrl,

    /// <summary>The channel's own settings or its key keep it from being called.</summary>
    SetUp,

    /// <summary>The upstream answered with an error.</summary>
    Refused,

    Unreachable,

    Timeout,

    /// <summary>The upstream answered something else than what was asked for.</summary>
    NotUnderstood,
}

/// <summary>Why a probe failed, for people and for rules.</summary>
/// <param name="Failure">What it was.</param>
/// <param name="Raw">The fault of a live call that had failed in the same way; null where no live call could have been tried.</param>
/// <param name="Said">What the upstream, or whoever found the fault, said: shortened, and without the key.</param>
public sealed record ProbeFault(ProbeFailure Failure, RelayFault? Raw = null, string Said = "")
{
    /// <summary>The status that the upstream really sent, which need not be that of the fault.</summary>
    public int Status { get; init; }
}
