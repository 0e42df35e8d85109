using NewApi.Domain.Tasks;

namespace NewApi.Data.Tasks;

/// <summary>A task that is about to be ordered.</summary>
public sealed record TaskDraft
{
    public required string Id { get; init; }

    public required string Platform { get; init; }

    public required string Action { get; init; }

    /// <summary>The group whose ratio is charged.</summary>
    public required string Group { get; init; }

    public required TaskProperties Properties { get; init; }

    public required OwnTaskFacts Facts { get; init; }
}

/// <summary>An upstream has accepted a task.</summary>
public sealed record TaskAcceptance
{
    public required long ChannelId { get; init; }

    public required string Platform { get; init; }

    public required string UpstreamId { get; init; }

    public required string UpstreamModel { get; init; }

    public string? KeyMark { get; init; }

    public required IReadOnlyDictionary<string, decimal> Factors { get; init; }

    public long? Cost { get; init; }

    /// <summary>The upstream's answer, as JSON.</summary>
    public string? Data { get; init; }
}

/// <summary>What has become of a task.</summary>
public sealed record TaskNews
{
    public required TaskState State { get; init; }

    /// <summary><c>40%</c>; null for what the state alone tells.</summary>
    public string? Progress { get; init; }

    public string? ResultUrl { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>The upstream's answer, as JSON; null leaves what is there.</summary>
    public string? Data { get; init; }

    public long? Tokens { get; init; }

    public IReadOnlyDictionary<string, decimal>? Factors { get; init; }

    /// <summary>Only a task in this state comes to that end; null for any that is not over.</summary>
    public TaskState? From { get; init; }

    /// <summary>Nobody waits any longer, but the upstream may still finish: that is to be noted.</summary>
    public bool MayComeLate { get; init; }
}

/// <summary>A task that is to be looked after now.</summary>
/// <param name="Task">The task.</param>
/// <param name="Misses">Looks in a row that came to nothing.</param>
/// <param name="LateLooks">Looks that are left for a task that was given up; 0 for one that is not over.</param>
public sealed record DueTask(StoredTask Task, long Misses, long LateLooks);
