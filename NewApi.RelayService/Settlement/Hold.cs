using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>
/// Credits set aside for one call, whatever the number of its attempts. It ends exactly once: settled with the real charge, or released.
/// Disposing an unsettled hold releases it, so no path out of a call can leave credits behind. Not for use by two at a time.
/// </summary>
internal sealed class Hold(Ledger ledger, Payer payer, Shares first) : IDisposable
{
    private List<Shares>? _raised;
    private Journal.Segment? _segment;
    private UsageRecord? _checkpoint;
    private bool _ended;

    /// <summary>Everything that is set aside for the call.</summary>
    public long Points { get; private set; } = first.Points;

    public Payer Payer => payer;

    /// <summary>The subscription that pays; 0 when the wallet does.</summary>
    public long SubscriptionId => first.Funding.Kind == AccountKind.Subscription ? first.Funding.AccountId : 0;

    /// <summary>
    /// Sets more aside until the hold is worth <paramref name="points"/>: before a retry in a dearer group, and for each further part of a
    /// long session. What a subscription cannot bear the wallet does, if it may.
    /// </summary>
    /// <returns>Why not; the hold is what it was then.</returns>
    public async ValueTask<HoldRefusal> RaiseAsync(long points, CancellationToken cancel)
    {
        if (_ended || points <= Points)
        {
            return HoldRefusal.None;
        }
        var (more, refusal) = await ledger.SetAsideAsync(
            payer, payer.SourcesAfter(first.Funding.Kind, first.Funding.AccountId), points - Points, cancel);
        if (more is { } shares)
        {
            if (_ended)
            {
                // The call ended while the database was asked.
                shares.Release();
                return refusal;
            }
            Keep(shares);
        }
        return refusal;
    }

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
        Bill(record, final: false);
        _checkpoint = record;
        _segment = ledger.Note(record, _segment);
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
        // A subscription must not run over what it has while the wallet could pay, so a charge above its hold asks before it is booked.
        return SubscriptionId != 0 && record.Points > Points ? CoverAndSettleAsync(record) : SettleNowAsync(record);
    }

    /// <summary>Gives the credits back: the call cost nothing.</summary>
    public void Dispose()
    {
        if (_ended)
        {
            return;
        }
        _ended = true;
        first.Release();
        foreach (var shares in _raised ?? [])
        {
            shares.Release();
        }
        if (_segment is not null && _checkpoint is not null)
        {
            ledger.Drop(_checkpoint, _segment);
        }
    }

    private async ValueTask CoverAndSettleAsync(UsageRecord record)
    {
        foreach (var shares in await ledger.CoverAsync(payer, SubscriptionId, record.Points - Points))
        {
            Keep(shares);
        }
        await SettleNowAsync(record);
    }

    private ValueTask SettleNowAsync(UsageRecord record)
    {
        _ended = true;
        Bill(record, final: true);
        if (SubscriptionId != 0)
        {
            record.Other = SubscriptionNote.Append(record, payer.Funding, first);
        }
        return ledger.SettleAsync(record, _segment);
    }

    private void Keep(Shares shares)
    {
        (_raised ??= []).Add(shares);
        Points += shares.Points;
    }

    /// <summary>Writes into the record who pays how much of its charge; a final bill takes it out of escrow and ends what was set aside.</summary>
    private void Bill(UsageRecord record, bool final)
    {
        var charge = record.Points;
        record.Lease = ledger.Lease;
        var subscription = SubscriptionId;
        if (subscription != 0)
        {
            record.SubscriptionId = subscription;
            record.SubscriptionEscrow = Pay(AccountKind.Subscription, subscription, charge, final);
        }
        record.WalletEscrow = Pay(AccountKind.Wallet, payer.UserId, charge - record.SubscriptionEscrow, final);
        record.Excess = charge - record.SubscriptionEscrow - record.WalletEscrow;
        // What nobody has set aside is the wallet's debt, unless only the subscription may pay.
        record.SubscriptionPoints = subscription != 0 && !payer.WalletMayPay ? charge - record.WalletEscrow : record.SubscriptionEscrow;
        if (payer.LimitedKeyId != 0)
        {
            record.KeyEscrow = Pay(AccountKind.Key, payer.LimitedKeyId, charge, final);
        }
        if (payer.Budgets.Length > 0)
        {
            record.Budgets = Array.ConvertAll(payer.Budgets, id => new BudgetShare(id, Pay(AccountKind.Budget, id, charge, final)));
        }
    }

    /// <summary>How much of a charge the points set aside on one account pay.</summary>
    private long Pay(AccountKind kind, long id, long charge, bool final)
    {
        var paid = PayFrom(first, kind, id, charge, final);
        for (var i = 0; i < (_raised?.Count ?? 0); i++)
        {
            paid += PayFrom(_raised![i], kind, id, charge - paid, final);
        }
        return paid;
    }

    private static long PayFrom(in Shares shares, AccountKind kind, long id, long charge, bool final)
    {
        var account = shares.On(kind, id);
        return account is null ? 0 : final ? account.Settle(shares.Points, charge) : Math.Min(shares.Points, charge);
    }
}
