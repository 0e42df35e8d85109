namespace NewApi.AdminService;

/// <summary>What the control plane tells its operator; never a key, a password or a body.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(LogLevel.Error, "Management request {RequestId} to {Route} failed")]
    public static partial void Crashed(this ILogger logger, Exception fault, string requestId, string route);

    [LoggerMessage(LogLevel.Debug, "Management request {RequestId} is malformed: {Status}")]
    public static partial void BadRequest(this ILogger logger, string requestId, int status);

    [LoggerMessage(LogLevel.Information, "Set-up is done; the root account is {UserId}")]
    public static partial void SetUp(this ILogger logger, long userId);
}
