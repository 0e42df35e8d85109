using NewApi.Data.Rows;
using NewApi.Data.Usage;

namespace NewApi.AdminService.Accounts;

/// <summary>Kinds of log rows that the control plane writes.</summary>
internal static class LogType
{
    public const long TopUp = 1;
    public const long Consume = 2;
    public const long Manage = 3;
    public const long System = 4;
    public const long Refund = 6;
}

/// <summary>Writes what happened to an account into the log that its owner reads.</summary>
internal sealed class AccountLog(UsageLogStore store, TimeProvider clock)
{
    public Task WriteAsync(long userId, string username, long type, string content, CancellationToken ct) => store.InsertAsync(
        [
            new LogRow
            {
                UserId = userId,
                Username = username,
                Type = type,
                Content = content,
                CreatedAt = clock.GetUtcNow().ToUnixTimeSeconds(),
            },
        ],
        ct);
}
