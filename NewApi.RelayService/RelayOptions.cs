using NewApi.Providers;
using NewApi.RelayService.Channels;
using NewApi.ServiceDefaults;

namespace NewApi.RelayService;

/// <summary>Settings of the relay, read once at start from the environment (specification: configuration §3.7).</summary>
internal sealed record RelayOptions
{
    /// <summary>Largest request body after decompression, in bytes (<c>MAX_REQUEST_BODY_MB</c>).</summary>
    public long MaxRequestBody { get; init; } = 128L << 20;

    /// <summary>Largest request body that stays in memory, in bytes; a larger one goes to a file (<c>RELAY_BODY_MEMORY_MB</c>).</summary>
    public long BodyMemory { get; init; } = 8L << 20;

    /// <summary>Where bodies above that go (<c>RELAY_SPOOL_DIR</c>).</summary>
    public string SpoolFolder { get; init; } = Path.GetTempPath();

    /// <summary>
    /// Memory for long prompts of open streams, altogether, in bytes: they may have to be counted in the end. What does not fit is charged by
    /// the estimate of its hold, should the upstream not count.
    /// </summary>
    public long KeptPrompts { get; init; } = 64L << 20;

    /// <summary>Bound on a whole buffered upstream call; zero means none (<c>RELAY_TIMEOUT</c>).</summary>
    public TimeSpan CallTimeout { get; init; }

    /// <summary>Longest silence of an upstream stream (<c>STREAMING_TIMEOUT</c>).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Longest wait for the first event of a stream, before another channel is tried (<c>RELAY_FIRST_BYTE_TIMEOUT</c>).</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>
    /// Attempts that a call may make while no byte has reached its caller (<c>RELAY_MAX_ATTEMPTS</c>); the option <c>RetryTimes</c> counts
    /// where it allows more.
    /// </summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>How long after its start a call may still begin another attempt (<c>RELAY_ATTEMPT_BUDGET</c>).</summary>
    public TimeSpan AttemptBudget { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>
    /// When channels and keys that fail are left alone for a while (<c>RELAY_BREAKER_FAILURES</c>, <c>RELAY_BREAKER_WINDOW</c>,
    /// <c>RELAY_BREAKER_PAUSE</c>).
    /// </summary>
    public BreakerRules Breaker { get; init; } = new(3, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5));

    /// <summary>Of two channels drawn by weight the faster one serves (<c>RELAY_CHANNEL_CHOICE=latency</c>).</summary>
    public bool ByLatency { get; init; }

    /// <summary>
    /// How long a call waits for its first byte before a second channel is asked beside the first; zero never does (<c>RELAY_HEDGE_AFTER</c>,
    /// in milliseconds). Both are paid upstream.
    /// </summary>
    public TimeSpan HedgeAfter { get; init; }

    /// <summary>Longest event of an upstream stream, in bytes (<c>STREAM_SCANNER_MAX_BUFFER_MB</c>).</summary>
    public int MaxFrame { get; init; } = 64 << 20;

    /// <summary>Ask upstreams for usage in streams (<c>FORCE_STREAM_OPTION</c>).</summary>
    public bool ForceStreamOption { get; init; } = true;

    /// <summary>Most that is fetched for one call of files that it points to, in bytes (<c>MAX_FILE_DOWNLOAD_MB</c>).</summary>
    public long MaxFileDownload { get; init; } = 64L << 20;

    /// <summary>Web pages that may open realtime sessions, as origins; empty for all (<c>REALTIME_ALLOWED_ORIGINS</c>).</summary>
    public IReadOnlyList<string> RealtimeOrigins { get; init; } = [];

    /// <summary>Write a log row of type 5 for every failed attempt (<c>ERROR_LOG_ENABLED</c>).</summary>
    public bool LogErrors { get; init; }

    /// <summary>Models of tasks that are sold by the piece, whatever is ordered of them (<c>TASK_PRICE_PATCH</c>).</summary>
    public IReadOnlySet<string> TaskPricePatch { get; init; } = new HashSet<string>();

    /// <summary>How often snapshots are reloaded even when nothing announced a change (<c>SYNC_FREQUENCY</c>).</summary>
    public TimeSpan SyncFrequency { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Directory of the usage journal (<c>JOURNAL_DIR</c>): on a local disk that survives a restart.</summary>
    public string JournalDirectory { get; init; } = Path.Combine("data", "journal");

    /// <summary>What the environment says about providers (<c>AZURE_DEFAULT_API_VERSION</c>, <c>COHERE_SAFETY_SETTING</c>, <c>DIFY_DEBUG</c>).</summary>
    public ProviderSettings Providers { get; init; } = ProviderSettings.Default;

    public static RelayOptions Read(SettingsReader settings) => new()
    {
        MaxRequestBody = (long)settings.Int("MAX_REQUEST_BODY_MB", 128, 1, 1024) << 20,
        BodyMemory = (long)settings.Int("RELAY_BODY_MEMORY_MB", 8, 1, 1024) << 20,
        SpoolFolder = settings.Text("RELAY_SPOOL_DIR") ?? Path.GetTempPath(),
        CallTimeout = settings.Seconds("RELAY_TIMEOUT", 0),
        IdleTimeout = settings.Seconds("STREAMING_TIMEOUT", 300, 1, 86_400),
        FirstByteTimeout = settings.Seconds("RELAY_FIRST_BYTE_TIMEOUT", 300, 1, 86_400),
        MaxAttempts = settings.Int("RELAY_MAX_ATTEMPTS", 4, 1, 100),
        AttemptBudget = settings.Seconds("RELAY_ATTEMPT_BUDGET", 600, 1, 86_400),
        Breaker = new BreakerRules(
            settings.Int("RELAY_BREAKER_FAILURES", 3, 0, 10_000),
            settings.Seconds("RELAY_BREAKER_WINDOW", 30, 1, 3600),
            settings.Seconds("RELAY_BREAKER_PAUSE", 5, 1, 120)),
        ByLatency = ReadChoice(settings),
        HedgeAfter = TimeSpan.FromMilliseconds(settings.Int("RELAY_HEDGE_AFTER", 0, 0, 600_000)),
        MaxFrame = settings.Int("STREAM_SCANNER_MAX_BUFFER_MB", 64, 1, 1024) << 20,
        ForceStreamOption = settings.Flag("FORCE_STREAM_OPTION", true),
        MaxFileDownload = (long)settings.Int("MAX_FILE_DOWNLOAD_MB", 64, 1, 1024) << 20,
        RealtimeOrigins = settings.Text("REALTIME_ALLOWED_ORIGINS")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
        LogErrors = settings.Flag("ERROR_LOG_ENABLED", false),
        TaskPricePatch = settings.List("TASK_PRICE_PATCH").ToHashSet(StringComparer.Ordinal),
        SyncFrequency = settings.Seconds("SYNC_FREQUENCY", 60, 1, 86_400),
        Providers = ProviderSettings.Read(settings.Text, settings.Flag),
        JournalDirectory = settings.Text("JOURNAL_DIR") ?? Path.Combine("data", "journal"),
    };

    private static bool ReadChoice(SettingsReader settings)
    {
        var choice = settings.Text("RELAY_CHANNEL_CHOICE") ?? "weight";
        if (choice is not ("weight" or "latency"))
        {
            settings.Mistake("RELAY_CHANNEL_CHOICE", "must be weight or latency");
        }
        return choice == "latency";
    }
}
