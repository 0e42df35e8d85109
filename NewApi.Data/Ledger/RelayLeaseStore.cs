using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>The right of one process to hold escrow under a name.</summary>
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

    /// <summary>All leases of one journal, of this run and of earlier ones, begin with this.</summary>
    public static string PrefixOf(string journalId) => $"{Prefix}{journalId}/";

    /// <summary>
    /// Takes a lease under a name that was never used before, so that nothing left over from an earlier lease can be mistaken for escrow
    /// of this one.
    /// </summary>
    public Task<RelayLease> AcquireAsync(string prefix, CancellationToken cancel)
    {
        var holder = $"{Environment.MachineName}/{Environment.ProcessId}";
        var lease = new RelayLease(prefix + Guid.NewGuid().ToString("N"), holder.Length > 100 ? holder[..100] : holder, 1);
        return database.WriteAsync(
            async (db, token) =>
            {
                await db.GetTable<LeaseRow>()
                    .Value(row => row.Name, lease.Name)
                    .Value(row => row.Holder, lease.Holder)
                    .Value(row => row.Fence, lease.Fence)
                    .Value(row => row.ExpiresAt, () => Database.UnixNow() + Seconds)
                    .InsertAsync(token);
                return lease;
            },
            cancel);
    }

    /// <summary>False when the lease was lost: its escrow may have been given back by somebody else.</summary>
    public Task<bool> RenewAsync(RelayLease lease, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) => await db.GetTable<LeaseRow>()
                .Where(row => row.Name == lease.Name && row.Fence == lease.Fence && row.ExpiresAt >= Database.UnixNow())
                .Set(row => row.ExpiresAt, _ => Database.UnixNow() + Seconds)
                .UpdateAsync(token) == 1,
            cancel);

    /// <summary>Ends all leases of a journal; their escrow must have been given back.</summary>
    public Task ReleaseAsync(string prefix, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) => await db.GetTable<LeaseRow>().Where(row => row.Name.StartsWith(prefix)).DeleteAsync(token),
            cancel);

    private static long Seconds => (long)Lifetime.TotalSeconds;
}
