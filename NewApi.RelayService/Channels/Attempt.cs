using NewApi.Domain;

namespace NewApi.RelayService.Channels;

/// <summary>Why a channel was chosen, as the log names it.</summary>
internal enum Choice
{
    /// <summary>An administrator's key names it.</summary>
    Pinned,

    /// <summary>It served this session before.</summary>
    Affinity,

    /// <summary>Nothing else in its tier could serve.</summary>
    Only,

    /// <summary>Drawn by weight.</summary>
    Weight,

    /// <summary>The faster of two drawn by weight.</summary>
    Latency,

    /// <summary>The channel was right, and only its last key was refused.</summary>
    OtherKey,

    /// <summary>Its breaker is open, but everything else has failed or is paused too.</summary>
    LastResort,

    /// <summary>The attempt before it was slow to begin: both run.</summary>
    Hedge,
}

/// <summary>One try of a call on one channel: where, why there, and what became of it.</summary>
internal sealed class Attempt(Channel channel, ChannelKey? key, Choice choice, long startedAt)
{
    public Channel Channel => channel;

    /// <summary>Null when every key of the channel is disabled.</summary>
    public ChannelKey? Key => key;

    public Choice Choice { get; set; } = choice;

    /// <summary>Timestamp of the process clock.</summary>
    public long StartedAt => startedAt;

    /// <summary>It goes to a channel or key that was paused, to see whether that has recovered.</summary>
    public bool IsProbe { get; set; }

    /// <summary>Milliseconds until its first byte, or until it failed.</summary>
    public long Milliseconds { get; set; }

    /// <summary>Null while it runs, and when it answered.</summary>
    public RelayFault? Fault { get; set; }

    /// <summary>Another attempt of the call was faster.</summary>
    public bool Outrun { get; set; }

    public string ChoiceName => Choice switch
    {
        Choice.Pinned => "pinned",
        Choice.Affinity => "affinity",
        Choice.Only => "only",
        Choice.Weight => "weight",
        Choice.Latency => "latency",
        Choice.OtherKey => "other_key",
        Choice.LastResort => "last_resort",
        _ => "hedge",
    };
}
