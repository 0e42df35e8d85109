namespace NewApi.Worker;

internal static partial class WorkerLog
{
    [LoggerMessage(LogLevel.Information, "NODE_TYPE is slave: this node runs no jobs")]
    public static partial void SlaveTakesNoJobs(this ILogger log);

    [LoggerMessage(LogLevel.Error, "Job {Job} failed; it runs again when it is next due")]
    public static partial void JobFailed(this ILogger log, Exception problem, string job);

    [LoggerMessage(LogLevel.Warning, "Job {Job} stops: its lease was lost to another worker")]
    public static partial void LeaseLost(this ILogger log, string job);

    [LoggerMessage(LogLevel.Warning, "Job {Job} stops: its lease could not be renewed")]
    public static partial void RenewalFailed(this ILogger log, Exception problem, string job);

    [LoggerMessage(LogLevel.Warning, "Gave back {Points} points that {Holder} had held under {Lease} when it died")]
    public static partial void EscrowGivenBack(this ILogger log, long points, string holder, string lease);

    [LoggerMessage(LogLevel.Information, "The books are right: {Accounts} accounts, {Subscriptions} subscriptions and {Charges} charged calls compared")]
    public static partial void BooksAreRight(this ILogger log, long accounts, long subscriptions, long charges);

    [LoggerMessage(LogLevel.Information, "A notice ({Kind}) to user {UserId} did not arrive and is sent again later: {Reason}")]
    public static partial void NoticeDelayed(this ILogger log, string kind, long userId, string reason);

    [LoggerMessage(LogLevel.Warning, "A notice ({Kind}) to user {UserId} did not arrive and is given up: {Reason}")]
    public static partial void NoticeGivenUp(this ILogger log, string kind, long userId, string reason);

    [LoggerMessage(LogLevel.Information, "{Tested} channels and keys are tested, {Failed} failed")]
    public static partial void ChannelsTested(this ILogger log, int tested, int failed);

    [LoggerMessage(LogLevel.Warning, "{What} {ChannelId} failed a test and is disabled automatically")]
    public static partial void ChannelDisabled(this ILogger log, string what, long channelId);

    [LoggerMessage(LogLevel.Information, "{What} {ChannelId} passed a test and is enabled again")]
    public static partial void ChannelEnabled(this ILogger log, string what, long channelId);

    [LoggerMessage(LogLevel.Error, "The books disagree: {Discrepancy}")]
    public static partial void BooksDisagree(this ILogger log, string discrepancy);

    [LoggerMessage(LogLevel.Warning, "Drawing {Task} of channel {ChannelId} ends without a picture: {Reason}")]
    public static partial void DrawingGivenUp(this ILogger log, long task, long channelId, string reason);

    [LoggerMessage(LogLevel.Information, "Task {Task} of channel {ChannelId} ends as {State}")]
    public static partial void TaskEnded(this ILogger log, string task, long channelId, string state);

    [LoggerMessage(LogLevel.Warning, "Task {Task} of channel {ChannelId} was given up and succeeded after all; it is not charged")]
    public static partial void TaskCameLate(this ILogger log, string task, long channelId);

    [LoggerMessage(LogLevel.Warning, "Channel {ChannelId} cannot be asked about its tasks: {Status} {Code}")]
    public static partial void TasksUnanswered(this ILogger log, long channelId, int status, string code);

    [LoggerMessage(LogLevel.Information, "{Rows} rows that the log database had not taken are sent")]
    public static partial void LogRowsSent(this ILogger log, int rows);

    [LoggerMessage(LogLevel.Information, "{Tasks} unfinished tasks are looked after from now on")]
    public static partial void TasksAdopted(this ILogger log, int tasks);

    [LoggerMessage(LogLevel.Error, "Task {Task} cannot be looked after now")]
    public static partial void TaskTrouble(this ILogger log, Exception problem, string task);

    [LoggerMessage(LogLevel.Error, "Drawing {Task} cannot be looked after now: {Problem}")]
    public static partial void DrawingTrouble(this ILogger log, long task, string problem);

    [LoggerMessage(LogLevel.Error, "The tasks of channel {ChannelId} cannot be looked after now: {Problem}")]
    public static partial void ChannelTrouble(this ILogger log, long channelId, string problem);

    [LoggerMessage(LogLevel.Warning, "A Midjourney proxy of channel {ChannelId} cannot be asked about drawings: {Problem}")]
    public static partial void ProxyUnreachable(this ILogger log, long channelId, string problem);

    [LoggerMessage(LogLevel.Warning, "A Midjourney proxy of channel {ChannelId} answers a question about drawings with status {Status}")]
    public static partial void ProxyRefuses(this ILogger log, long channelId, int status);
}
