using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Notices;

/// <summary>A notice and the account that it is for.</summary>
public sealed record DueNotice(NoticeRow Notice, UserRow User);

/// <summary>
/// Notices to accounts, written in the transaction of what they tell and sent afterwards: a process that dies between sends them when it is
/// back, and nobody waits for a mail server.
/// </summary>
public sealed class NoticeStore(Database database, TimeProvider clock)
{
    private const int MostTries = 4;
    private const long KeptSeconds = 7 * 86_400;

    /// <summary>
    /// Puts a notice on its way, unless the account had <paramref name="most"/> of this kind within <paramref name="window"/>. False: it had.
    /// </summary>
    public static async Task<bool> AddAsync(
        DataConnection db, long userId, string kind, string title, string content, int most, TimeSpan window, long now, CancellationToken cancel)
    {
        var since = now - (long)window.TotalSeconds;
        if (await db.Notices.CountAsync(row => row.UserId == userId && row.Kind == kind && row.CreatedAt > since, cancel) >= most)
        {
            return false;
        }
        await db.InsertAsync(
            new NoticeRow { UserId = userId, Kind = kind, Title = title, Content = content, CreatedAt = now, NextTry = now }, token: cancel);
        return true;
    }

    /// <summary>Notices to be sent now; those of accounts that are gone are not among them.</summary>
    public async Task<IReadOnlyList<DueNotice>> DueAsync(int most, CancellationToken cancel)
    {
        var now = Now();
        await using var db = database.Open();
        var users = db.Users;
        return await (
            from notice in db.Notices
            join user in users on notice.UserId equals user.Id
            where notice.NextTry > 0 && notice.NextTry <= now && user.DeletedAt == null
            orderby notice.NextTry
            select new DueNotice(notice, user))
            .Take(most)
            .ToListAsync(cancel);
    }

    /// <summary>
    /// Claims a notice for one attempt, which may last a minute; false when somebody else has it. The attempt counts before it is made, so a
    /// notice that kills its sender is given up like any other.
    /// </summary>
    public Task<bool> ClaimAsync(NoticeRow notice, CancellationToken cancel)
    {
        var now = Now();
        // One minute, then five, then half an hour: a mail server that is restarted is back by then.
        var next = notice.Tries switch
        {
            0 => now + 60,
            1 => now + 300,
            2 => now + 1_800,
            _ => 0,
        };
        return database.WriteAsync(
            async (db, token) => await db.Notices
                .Where(row => row.Id == notice.Id && row.NextTry == notice.NextTry && row.Tries == notice.Tries)
                .Set(row => row.Tries, row => row.Tries + 1)
                .Set(row => row.NextTry, next)
                .UpdateAsync(token) == 1,
            cancel);
    }

    /// <summary>True when the last attempt was the last of all.</summary>
    public static bool IsLastTry(NoticeRow notice)
    {
        ArgumentNullException.ThrowIfNull(notice);
        return notice.Tries + 1 >= MostTries;
    }

    public Task SentAsync(NoticeRow notice, CancellationToken cancel) =>
        database.WriteAsync(
            (db, token) => db.Notices.Where(row => row.Id == notice.Id).Set(row => row.NextTry, 0).UpdateAsync(token), cancel);

    /// <summary>Forgets notices of last week, whatever became of them.</summary>
    public Task<int> PruneAsync(CancellationToken cancel)
    {
        var before = Now() - KeptSeconds;
        return database.WriteAsync((db, token) => db.Notices.Where(row => row.CreatedAt < before).DeleteAsync(token), cancel);
    }

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();
}
