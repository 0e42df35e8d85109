namespace NewApi.RelayService;

/// <summary>Log messages of the relay. Keys, prompts and answers are never parameters.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(1, LogLevel.Warning, "Call {RequestId}: channel {ChannelId} refuses {Model} with {Status} {Code}")]
    public static partial void ChannelRefused(this ILogger logger, string requestId, long channelId, string model, int status, string code);

    [LoggerMessage(12, LogLevel.Warning, "Channel {ChannelId} is left alone for {Seconds} s after {Status} {Code}")]
    public static partial void ChannelPaused(this ILogger logger, long channelId, double seconds, int status, string code);

    [LoggerMessage(13, LogLevel.Information, "Channel {ChannelId} answers again")]
    public static partial void ChannelRecovered(this ILogger logger, long channelId);

    [LoggerMessage(14, LogLevel.Warning, "Key {KeyIndex} of channel {ChannelId} is left alone for {Seconds} s after {Status} {Code}")]
    public static partial void KeyPaused(this ILogger logger, long channelId, int keyIndex, double seconds, int status, string code);

    [LoggerMessage(15, LogLevel.Information, "Key {KeyIndex} of channel {ChannelId} is accepted again")]
    public static partial void KeyRecovered(this ILogger logger, long channelId, int keyIndex);

    [LoggerMessage(20, LogLevel.Warning, "{What} {ChannelId} is disabled automatically")]
    public static partial void Disabled(this ILogger logger, string what, long channelId);

    [LoggerMessage(21, LogLevel.Error, "Channel {ChannelId} cannot be disabled now")]
    public static partial void DisableFailed(this ILogger logger, long channelId, Exception error);

    [LoggerMessage(2, LogLevel.Error, "Call {RequestId} fails inside the gateway")]
    public static partial void CallFailed(this ILogger logger, string requestId, Exception error);

    [LoggerMessage(16, LogLevel.Error, "Call {RequestId}: the attempt on channel {ChannelId} fails inside the gateway with {Error}\n{Stack}")]
    public static partial void AttemptFailed(this ILogger logger, string requestId, long channelId, string? error, string? stack);

    [LoggerMessage(3, LogLevel.Information, "The journal of the last run is applied: {Calls} calls, {Escrows} escrows given back")]
    public static partial void Recovered(this ILogger logger, int calls, int escrows);

    [LoggerMessage(4, LogLevel.Error, "{Calls} settled calls wait in the journal: attempt {Attempt} to write them fails")]
    public static partial void ApplyFailed(this ILogger logger, int calls, int attempt, Exception error);

    [LoggerMessage(34, LogLevel.Error, "The charge of call {RequestId} is refused by the database, which takes others: {Parked} such charges are parked in the journal and tried again")]
    public static partial void Parked(this ILogger logger, string requestId, int parked, Exception error);

    [LoggerMessage(36, LogLevel.Error, "A charge that the database refuses cannot be parked in the journal")]
    public static partial void ParkFailed(this ILogger logger, Exception error);

    [LoggerMessage(35, LogLevel.Information, "The database has taken {Calls} charges that it refused before; {Parked} are parked")]
    public static partial void Unparked(this ILogger logger, int calls, int parked);

    [LoggerMessage(5, LogLevel.Warning, "Escrow cannot be refilled ahead of need")]
    public static partial void RefillFailed(this ILogger logger, Exception error);

    [LoggerMessage(6, LogLevel.Warning, "Idle escrow cannot be given back now")]
    public static partial void ReturnFailed(this ILogger logger, Exception error);

    [LoggerMessage(7, LogLevel.Warning, "The lease of this relay cannot be renewed now")]
    public static partial void RenewFailed(this ILogger logger, Exception error);

    [LoggerMessage(8, LogLevel.Error, "This relay was held for dead and its escrow was given back; it takes a new lease")]
    public static partial void LeaseLost(this ILogger logger);

    [LoggerMessage(9, LogLevel.Warning, "The configuration cannot be read now; the last one stays in force")]
    public static partial void SnapshotFailed(this ILogger logger, Exception error);

    [LoggerMessage(10, LogLevel.Warning, "A stored option is ignored: {Problem}")]
    public static partial void OptionIgnored(this ILogger logger, string problem);

    [LoggerMessage(11, LogLevel.Warning, "{Rows} rows of the error log cannot be written")]
    public static partial void ErrorLogFailed(this ILogger logger, int rows, Exception error);

    [LoggerMessage(31, LogLevel.Warning, "Redis does not answer: limits are counted by this relay alone")]
    public static partial void LimitsAlone(this ILogger logger, Exception error);

    [LoggerMessage(32, LogLevel.Warning, "Key {KeyId} has left answers worth more than {Points} points within an hour before their cost was known; it is refused for now")]
    public static partial void KeyAborts(this ILogger logger, long keyId, long points);

    [LoggerMessage(33, LogLevel.Error, "Call {RequestId}: tokens cannot be counted ({Problem}); an estimate is charged")]
    public static partial void CountFailed(this ILogger logger, string requestId, string problem);

    [LoggerMessage(30, LogLevel.Warning, "Upstreams report calls of the tool {Tool}, which has no price in tool_price_setting.prices")]
    public static partial void ToolUnpriced(this ILogger logger, string tool);
}
