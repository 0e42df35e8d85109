using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Leases;

/// <summary>
/// Leases of jobs, one row each, by the clock of the database, so that the clocks of the machines do not matter. A row is never deleted:
/// its fence must keep growing. When a job last ended well is kept beside it, in <c>newapi_meta</c>.
/// </summary>
public sealed class LeaseStore(Database database)
{
    /// <summary>Takes a lease that nobody holds or whose holder stopped renewing it; null when somebody has it.</summary>
    public async Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan lifetime, CancellationToken cancel)
    {
        var seconds = (long)lifetime.TotalSeconds;
        holder = holder.Length > 100 ? holder[..100] : holder;
        try
        {
            return await database.WriteAsync(
                async (db, token) =>
                {
                    var taken = await db.GetTable<LeaseRow>()
                        .Where(row => row.Name == name && row.ExpiresAt < Database.UnixNow())
                        .Set(row => row.Holder, holder)
                        .Set(row => row.Fence, row => row.Fence + 1)
                        .Set(row => row.ExpiresAt, _ => Database.UnixNow() + seconds)
                        .UpdateAsync(token);
                    if (taken == 1)
                    {
                        var fence = await db.GetTable<LeaseRow>().Where(row => row.Name == name).Select(row => row.Fence).SingleAsync(token);
                        return new Lease(name, holder, fence);
                    }

                    if (await db.GetTable<LeaseRow>().AnyAsync(row => row.Name == name, token))
                    {
                        return null;
                    }

                    await db.GetTable<LeaseRow>()
                        .Value(row => row.Name, name)
                        .Value(row => row.Holder, holder)
                        .Value(row => row.Fence, 1L)
                        .Value(row => row.ExpiresAt, () => Database.UnixNow() + seconds)
                        .InsertAsync(token);
                    return new Lease(name, holder, 1);
                },
                cancel);
        }
        catch (Exception problem) when (Database.IsDuplicate(problem))
        {
            // Somebody inserted the first row a moment earlier: the lease is theirs.
            return null;
        }
    }

    /// <summary>Keeps a lease for another <paramref name="lifetime"/>; false when it ran out or somebody else has it.</summary>
    public Task<bool> RenewAsync(Lease lease, TimeSpan lifetime, CancellationToken cancel)
    {
        var seconds = (long)lifetime.TotalSeconds;
        return database.WriteAsync(
            async (db, token) => await db.GetTable<LeaseRow>()
                .Where(row => row.Name == lease.Name && row.Fence == lease.Fence && row.ExpiresAt >= Database.UnixNow())
                .Set(row => row.ExpiresAt, _ => Database.UnixNow() + seconds)
                .UpdateAsync(token) == 1,
            cancel);
    }

    /// <summary>Gives a lease back, so that the next holder need not wait; notes the run when <paramref name="done"/>.</summary>
    public Task ReleaseAsync(Lease lease, bool done, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var mine = await db.GetTable<LeaseRow>()
                    .Where(row => row.Name == lease.Name && row.Fence == lease.Fence)
                    .Set(row => row.ExpiresAt, 0L)
                    .UpdateAsync(token);
                if (mine == 1 && done)
                {
                    await NoteRunAsync(db, lease.Name, token);
                }
            },
            cancel);

    /// <summary>Unix seconds of the last run that ended well, and now; both by the clock of the database. Null: it never ran.</summary>
    public async Task<(long? Last, long Now)> LastRunAsync(string name, CancellationToken cancel)
    {
        await using var db = database.Open();
        var key = LastRunKey(name);
        var now = await db.SelectAsync(() => Database.UnixNow(), cancel);
        var last = await db.GetTable<MetaRow>().Where(row => row.Name == key).Select(row => row.Value).SingleOrDefaultAsync(cancel);
        return (long.TryParse(last, out var at) ? at : null, now);
    }

    private static async Task NoteRunAsync(DataConnection db, string name, CancellationToken cancel)
    {
        var key = LastRunKey(name);
        var now = (await db.SelectAsync(() => Database.UnixNow(), cancel)).ToString();
        var known = await db.GetTable<MetaRow>().Where(row => row.Name == key).Set(row => row.Value, now).UpdateAsync(cancel);
        if (known == 0)
        {
            await db.InsertAsync(new MetaRow { Name = key, Value = now }, token: cancel);
        }
    }

    private static string LastRunKey(string name) => $"last-run/{name}";
}
