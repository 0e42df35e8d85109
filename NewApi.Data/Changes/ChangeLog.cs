using Microsoft.Extensions.Logging;

namespace NewApi.Data.Changes;

internal static partial class ChangeLog
{
    [LoggerMessage(LogLevel.Warning, "Redis did not take the change of {Topic}; others hear of it by polling: {Reason}")]
    public static partial void ChangeNotSent(this ILogger logger, ChangeTopic topic, string reason);

    [LoggerMessage(LogLevel.Error, "Revision of {Topic} could not be written; trying again at the next poll: {Reason}")]
    public static partial void RevisionUnwritten(this ILogger logger, ChangeTopic topic, string reason);

    [LoggerMessage(LogLevel.Warning, "Revisions could not be read: {Reason}")]
    public static partial void RevisionsUnread(this ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "A subscriber failed on a change of {Topic}")]
    public static partial void HandlerFailed(this ILogger logger, Exception exception, ChangeTopic topic);
}
