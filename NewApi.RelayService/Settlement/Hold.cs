using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>
/// Credits set aside for one call, whatever the number of its attempts. It ends exactly once: settled with the real charge, or released.
/// Disposing an unsettled hold releases it, so no path out of a call can leave credits behind.
/// </summary>
internal sealed class Hold(Ledger ledger, EscrowAccount wallet, EscrowAccount? key, long points) : IDisposable
{
    private Journal.Segment? _segment;
    private UsageRecord? _checkpoint;
    private bool _ended;

    public long Points => points;

    internal EscrowAccount Wallet => wallet;

    internal EscrowAccount? Key => key;

    /// <summary>
    /// Notes what the call costs if the process dies from here on: before the first byte is delivered, and now and then while more
    /// follows.
    /// </summary>
    public void Checkpoint(UsageRecord record)
    {
        if (_ended)
        {
            return;
        }
        _checkpoint = record with
        {
            Lease = ledger.Lease,
            WalletEscrow = Math.Min(points, record.Points),
            KeyEscrow = key is null ? 0 : Math.Min(points, record.Points),
            Excess = Math.Max(0, record.Points - points),
        };
        _segment = ledger.Note(_checkpoint, _segment);
    }

    /// <summary>
    /// Replaces the hold by the real charge. The record is durable when this returns; the database follows. Ignores cancellation: the
    /// tokens are spent, whether or not the reader is still there.
    /// </summary>
    /// <returns>A task that completes when the record is queued for the database; it waits only when the database has fallen far behind.</returns>
    public ValueTask SettleAsync(UsageRecord record)
    {
        if (_ended)
        {
            return ValueTask.CompletedTask;
        }
        _ended = true;
        var fromWallet = wallet.Settle(points, record.Points);
        var fromKey = key?.Settle(points, record.Points) ?? 0;
        return ledger.SettleAsync(
            record with
            {
                Lease = ledger.Lease,
                WalletEscrow = fromWallet,
                KeyEscrow = fromKey,
                Excess = record.Points - fromWallet,
            },
            _segment);
    }

    /// <summary>Gives the credits back: the call cost nothing.</summary>
    public void Dispose()
    {
        if (_ended)
        {
            return;
        }
        _ended = true;
        wallet.Release(points);
        key?.Release(points);
        if (_segment is not null && _checkpoint is not null)
        {
            ledger.Drop(_checkpoint, _segment);
        }
    }
}
