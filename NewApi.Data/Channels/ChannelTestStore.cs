using System.Globalization;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Leases;
using NewApi.Data.Rows;

namespace NewApi.Data.Channels;

/// <summary>
/// What tests of channels have found, and who runs one. A run belongs to the lease of the job: when its holder dies, so does the run, and
/// nobody is told for ever that one is under way (known problem E6).
/// </summary>
public sealed class ChannelTestStore(Database database)
{
    private const string Run = "channel-test/run";
    private const string Last = "channel-test/last";
    private const string Asked = "asked:";
    private const string Running = "running:";

    /// <summary>A wish that no worker has taken up by then is forgotten: there is none.</summary>
    private const long WishPatience = 120;

    /// <summary>Asks the workers to test all channels; false while they do, or are about to.</summary>
    public Task<bool> AskAsync(CancellationToken cancel) => database.WriteAsync(
        async (db, token) =>
        {
            var now = await db.SelectAsync(() => Database.UnixNow(), token);
            if (await ReadAsync(db, Run, token) is { } run && (IsFresh(run, now) || await IsAliveAsync(db, run, token)))
            {
                return false;
            }
            await WriteAsync(db, Run, Asked + now.ToString(CultureInfo.InvariantCulture), token);
            return true;
        },
        cancel);

    /// <summary>Whether somebody asked for a run, and when the last scheduled one began (unix seconds).</summary>
    public async Task<(bool Asked, long? Last)> LookAsync(CancellationToken cancel)
    {
        await using var db = database.Open();
        var rows = await db.Meta.Where(row => row.Name == Run || row.Name == Last).ToDictionaryAsync(row => row.Name, row => row.Value, cancel);
        return (
            rows.TryGetValue(Run, out var run) && run.StartsWith(Asked, StringComparison.Ordinal),
            rows.TryGetValue(Last, out var last) && long.TryParse(last, CultureInfo.InvariantCulture, out var at) ? at : null);
    }

    /// <summary>A run over all channels begins under this lease.</summary>
    /// <param name="lease">The job's.</param>
    /// <param name="now">Unix seconds; the next scheduled run counts from here.</param>
    /// <param name="cancel">Cancels the transaction.</param>
    public Task BeginAsync(Lease lease, long now, CancellationToken cancel) => database.WriteAsync(
        async (db, token) =>
        {
            await WriteAsync(db, Run, Running + lease.Fence.ToString(CultureInfo.InvariantCulture) + ":" + lease.Name, token);
            await WriteAsync(db, Last, now.ToString(CultureInfo.InvariantCulture), token);
        },
        cancel);

    /// <summary>The run of this lease is over.</summary>
    public Task EndAsync(Lease lease, CancellationToken cancel)
    {
        var mine = Running + lease.Fence.ToString(CultureInfo.InvariantCulture) + ":" + lease.Name;
        return database.WriteAsync((db, token) => db.Meta.Where(row => row.Name == Run && row.Value == mine).DeleteAsync(token), cancel);
    }

    /// <summary>What the last tests found, of all that did not pass.</summary>
    public async Task<IReadOnlyDictionary<(long ChannelId, int KeyIndex), ChannelProbeRow>> LoadAsync(CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.ChannelProbes.ToDictionaryAsync(row => (row.ChannelId, (int)row.KeyIndex), cancel);
    }

    public Task NoteAsync(ChannelProbeRow probe, CancellationToken cancel) => database.WriteAsync((db, token) => db.InsertOrReplaceAsync(probe, token: token), cancel);

    public Task ForgetAsync(long channelId, int keyIndex, CancellationToken cancel) => database.WriteAsync(
        (db, token) => db.ChannelProbes.Where(row => row.ChannelId == channelId && row.KeyIndex == keyIndex).DeleteAsync(token), cancel);

    /// <summary>Forgets what was found of channels that are gone.</summary>
    public Task PruneAsync(CancellationToken cancel) => database.WriteAsync(
        async (db, token) =>
        {
            var channels = db.Channels;
            var gone = await (
                from probe in db.ChannelProbes
                from channel in channels.LeftJoin(channel => channel.Id == probe.ChannelId)
                where Sql.ToNullable(channel.Id) == null
                select probe.ChannelId).Distinct().ToListAsync(token);
            return gone.Count == 0 ? 0 : await db.ChannelProbes.Where(row => gone.Contains(row.ChannelId)).DeleteAsync(token);
        },
        cancel);

    /// <summary>How long an answer took; it changes nothing that routing reads, so nobody needs to hear of it.</summary>
    public Task RecordAsync(long channelId, TimeSpan elapsed, long now, CancellationToken cancel)
    {
        var milliseconds = (long)elapsed.TotalMilliseconds;
        return database.WriteAsync(
            (db, token) => db.Channels.Where(row => row.Id == channelId)
                .Set(row => row.ResponseTime, milliseconds)
                .Set(row => row.TestTime, now)
                .UpdateAsync(token),
            cancel);
    }

    private static bool IsFresh(string run, long now) =>
        run.StartsWith(Asked, StringComparison.Ordinal)
        && long.TryParse(run.AsSpan(Asked.Length), CultureInfo.InvariantCulture, out var at) && now - at < WishPatience;

    /// <summary>The lease under which the run began is still held by whoever began it.</summary>
    private static async Task<bool> IsAliveAsync(DataConnection db, string run, CancellationToken cancel)
    {
        if (!run.StartsWith(Running, StringComparison.Ordinal) || run.Split(':', 3) is not [_, var number, var name]
            || !long.TryParse(number, CultureInfo.InvariantCulture, out var fence))
        {
            return false;
        }
        return await db.Leases.AnyAsync(row => row.Name == name && row.Fence == fence && row.ExpiresAt >= Database.UnixNow(), cancel);
    }

    private static Task<string?> ReadAsync(DataConnection db, string name, CancellationToken cancel) =>
        db.Meta.Where(row => row.Name == name).Select(row => row.Value).FirstOrDefaultAsync(cancel)!;

    private static async Task WriteAsync(DataConnection db, string name, string value, CancellationToken cancel)
    {
        if (await db.Meta.Where(row => row.Name == name).Set(row => row.Value, value).UpdateAsync(cancel) == 0)
        {
            await db.InsertAsync(new MetaRow { Name = name, Value = value }, token: cancel);
        }
    }
}
