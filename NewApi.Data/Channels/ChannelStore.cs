using System.Data;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.Data.Channels;

/// <summary>Channels as the relay needs them: all at once.</summary>
public sealed class ChannelStore(Database database)
{
    /// <summary>Every channel, whatever its status, and every ability.</summary>
    public async Task<ChannelRows> LoadAllAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        // One snapshot for both queries: a channel must not come without its abilities.
        await using var transaction = database.Kind == DatabaseKind.Sqlite
            ? null
            : await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var channels = await db.Channels.OrderBy(channel => channel.Id).ToListAsync(cancellationToken);
        var abilities = await db.Abilities.ToListAsync(cancellationToken);
        return new ChannelRows(channels, abilities);
    }

    public async Task<ChannelRow?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        return await db.Channels.Where(channel => channel.Id == id).FirstOrDefaultAsync(cancellationToken);
    }
}
