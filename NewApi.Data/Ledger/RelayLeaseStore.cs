using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>The right of one process to hold escrow under a name; whoever acquires the name next has a higher fence.</summary>
public sealed record RelayLease(string Name, string Holder, long Fence);

/// <summary>
/// Leases of relay processes, by the clock of the database. A process that stops renewing is dead after <see cref="Lifetime"/>; then
/// anybody may give its escrow back.
/// </summary>
public sealed class RelayLeaseStore(Database database)
{
    /// <summary>The prefix that tells relay leases from those of jobs.</summary>
    public const string Prefix = "relay/";

    /// <summary>Renewed three times as often, and short enough that escrow of a dead process is back within two minutes.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(45);

    public static string NameOf(string journalId) => Prefix + journalId;

    /// <summary>Takes the name over from whoever had it: the journal's lock has already decided who may.</summary>
    public Task<RelayLease> AcquireAsync(string name, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var holder = $"{Environment.MachineName}/{Environment.ProcessId}";
                holder = holder.Length > 100 ? holder[..100] : holder;
                var taken = await db.GetTable<LeaseRow>()
                    .Where(row => row.Name == name)
                    .Set(row => row.Holder, holder)
                    .Set(row => row.Fence, row => row.Fence + 1)
                    .Set(row => row.ExpiresAt, _ => Database.UnixNow() + Seconds)
                    .UpdateAsync(token);
                if (taken == 0)
                {
                    await db.GetTable<LeaseRow>()
                        .Value(row => row.Name, name)
                        .Value(row => row.Holder, holder)
                        .Value(row => row.Fence, 1L)
                        .Value(row => row.ExpiresAt, () => Database.UnixNow() + Seconds)
                        .InsertAsync(token);
                }
                var fence = await db.GetTable<LeaseRow>().Where(row => row.Name == name).Select(row => row.Fence).SingleAsync(token);
                return new RelayLease(name, holder, fence);
            },
            cancel);

    /// <summary>False when the lease was lost: its escrow may have been given back by somebody else.</summary>
    public Task<bool> RenewAsync(RelayLease lease, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) => await db.GetTable<LeaseRow>()
                .Where(row => row.Name == lease.Name && row.Fence == lease.Fence && row.ExpiresAt >= Database.UnixNow())
                .Set(row => row.ExpiresAt, _ => Database.UnixNow() + Seconds)
                .UpdateAsync(token) == 1,
            cancel);

    public Task ReleaseAsync(RelayLease lease, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) => await db.GetTable<LeaseRow>()
                .Where(row => row.Name == lease.Name && row.Fence == lease.Fence)
                .DeleteAsync(token),
            cancel);

    /// <summary>Relay leases that nobody renews any more.</summary>
    public async Task<IReadOnlyList<string>> ExpiredAsync(CancellationToken cancel)
    {
        using var db = database.Open();
        return await db.GetTable<LeaseRow>()
            .Where(row => row.Name.StartsWith(Prefix) && row.ExpiresAt < Database.UnixNow())
            .Select(row => row.Name)
            .ToListAsync(cancel);
    }

    private static long Seconds => (long)Lifetime.TotalSeconds;
}
