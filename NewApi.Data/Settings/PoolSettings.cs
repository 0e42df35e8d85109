namespace NewApi.Data.Settings;

/// <summary>Limits of a connection pool.</summary>
internal sealed record PoolSettings
{
    // The reference allows 1,000, ten times what a server takes by default; waiting for a connection beats being refused one.
    public const int DefaultMaxOpen = 90;

    public int MaxOpen { get; init; } = DefaultMaxOpen;

    /// <summary>Age at which a connection is replaced; zero is never.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(60);
}
