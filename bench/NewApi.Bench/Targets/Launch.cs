namespace NewApi.Bench.Targets;

/// <summary>A command line and what its environment has on top of ours.</summary>
internal sealed record Launch(string File, params IReadOnlyList<string> Arguments)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
