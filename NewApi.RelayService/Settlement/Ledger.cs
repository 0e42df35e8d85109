using System.Collections.Concurrent;
using System.Threading.Channels;
using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>
/// The relay's side of the money: admits calls against escrow in memory, journals what they cost, applies it to the database in batches,
/// and gives unused escrow back. A warm caller with balance never waits for the database.
/// </summary>
internal sealed class Ledger(
    EscrowStore escrows,
    SettlementStore settlements,
    RelayLeaseStore leases,
    RelayOptions options,
    TimeProvider clock,
    ILogger<Ledger> log) : BackgroundService
{
    /// <summary>How long the applier gathers calls before it writes them, in milliseconds.</summary>
    private const int Linger = 100;
    private const int LargestBatch = 512;
    private const int QueueSize = 16_384;

    /// <summary>Escrow that nobody used for this long goes back to its balance, in milliseconds.</summary>
    private const long IdleAfter = 15_000;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<(AccountKind Kind, long Id), EscrowAccount> _accounts = new();
    private readonly Channel<Settled> _settled = Channel.CreateBounded<Settled>(
        new BoundedChannelOptions(QueueSize) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly Channel<EscrowAccount> _low = Channel.CreateBounded<EscrowAccount>(
        new BoundedChannelOptions(1024) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private readonly CancellationTokenSource _stopping = new();
    private Journal? _journal;
    private RelayLease? _lease;
    private readonly List<Settled> _setAside = [];
    private Task _applying = Task.CompletedTask;
    private long _refills;

    /// <summary>The name under which escrow of this process stands in the database.</summary>
    public string Lease => _lease?.Name ?? "";

    /// <summary>How often the database had to be asked for escrow while a call waited.</summary>
    public long SynchronousRefills => Interlocked.Read(ref _refills);

    /// <summary>Sets credits aside for a call of a user, and of a key with a ceiling of its own.</summary>
    /// <param name="userId">Whose wallet pays.</param>
    /// <param name="limitedKeyId">The key whose ceiling counts as well, or 0 for an unlimited key.</param>
    /// <param name="points">The estimate, in quota points.</param>
    /// <param name="cancel">The caller has left.</param>
    public ValueTask<(Hold? Hold, HoldRefusal Refusal)> HoldAsync(long userId, long limitedKeyId, long points, CancellationToken cancel)
    {
        var wallet = Account(AccountKind.Wallet, userId);
        var key = limitedKeyId == 0 ? null : Account(AccountKind.Key, limitedKeyId);
        if (!TryHold(wallet, points))
        {
            return HoldSlowlyAsync(userId, limitedKeyId, points, cancel);
        }
        if (key is not null && !TryHold(key, points))
        {
            wallet.Release(points);
            return HoldSlowlyAsync(userId, limitedKeyId, points, cancel);
        }
        return new((new Hold(this, wallet, key, points), HoldRefusal.None));
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _journal = Journal.Open(options.JournalDirectory);
        var prefix = RelayLeaseStore.PrefixOf(_journal.Id);
        await RecoverAsync(_journal, prefix, cancellationToken);
        _lease = await leases.AcquireAsync(prefix, cancellationToken);
        _applying = ApplyAsync();
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        _settled.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _applying.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_applying.IsCompletedSuccessfully && _lease is not null)
        {
            var prefix = RelayLeaseStore.PrefixOf(_journal!.Id);
            await escrows.ReturnAllAsync(prefix, cancellationToken);
            await leases.ReleaseAsync(prefix, cancellationToken);
        }
        _journal?.Dispose();
    }

    internal Journal.Segment Note(UsageRecord record, Journal.Segment? segment) =>
        _journal!.Append(JournalMark.Delivering, record, segment);

    internal void Drop(UsageRecord record, Journal.Segment segment)
    {
        _journal!.Append(JournalMark.Dropped, record, segment);
        _journal.Done(segment);
    }

    internal ValueTask SettleAsync(UsageRecord record, Journal.Segment? segment)
    {
        var kept = _journal!.Append(JournalMark.Settled, record, segment);
        return _settled.Writer.WriteAsync(new Settled(record, kept));
    }

    /// <summary>Refills ahead of need, gives idle escrow back, renews the lease and forces the journal to the disk.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, clock);
        var refilling = RefillAheadAsync(stoppingToken);
        var renewAt = clock.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                _journal!.Flush();
                if (clock.GetElapsedTime(renewAt) >= RenewEvery)
                {
                    renewAt = clock.GetTimestamp();
                    await RenewAsync(stoppingToken);
                }
                await ReturnIdleAsync(Now - IdleAfter, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; StopAsync gives the escrow back.
        }
        await refilling;
    }

    private async Task RecoverAsync(Journal journal, string prefix, CancellationToken cancel)
    {
        foreach (var batch in journal.Left.Chunk(LargestBatch))
        {
            await settlements.ApplyAsync(batch, mayRepeat: true, cancel);
        }
        var returned = await escrows.ReturnAllAsync(prefix, cancel);
        await leases.ReleaseAsync(prefix, cancel);
        journal.ForgetLeft();
        if (journal.Left.Count > 0 || returned > 0)
        {
            log.Recovered(journal.Left.Count, returned);
        }
    }

    private async ValueTask<(Hold? Hold, HoldRefusal Refusal)> HoldSlowlyAsync(
        long userId,
        long limitedKeyId,
        long points,
        CancellationToken cancel)
    {
        Interlocked.Increment(ref _refills);
        var wallet = await HoldOnAsync(AccountKind.Wallet, userId, points, cancel);
        if (wallet is null)
        {
            return (null, HoldRefusal.Wallet);
        }
        if (limitedKeyId == 0)
        {
            return (new Hold(this, wallet, null, points), HoldRefusal.None);
        }
        EscrowAccount? key;
        try
        {
            key = await HoldOnAsync(AccountKind.Key, limitedKeyId, points, cancel);
        }
        catch
        {
            wallet.Release(points);
            throw;
        }
        if (key is null)
        {
            wallet.Release(points);
            return (null, HoldRefusal.Key);
        }
        return (new Hold(this, wallet, key, points), HoldRefusal.None);
    }

    /// <summary>Holds on one account, asking the database when its escrow is short; null when the balance cannot bear it.</summary>
    private async Task<EscrowAccount?> HoldOnAsync(AccountKind kind, long id, long points, CancellationToken cancel)
    {
        while (true)
        {
            var account = Account(kind, id);
            await account.Refilling.WaitAsync(cancel);
            try
            {
                if (TryHold(account, points))
                {
                    return account;
                }
                if (account.Closed)
                {
                    continue;
                }
                if (await RefillAsync(account, points, cancel) == 0)
                {
                    return null;
                }
            }
            finally
            {
                account.Refilling.Release();
            }
        }
    }

    private async Task<long> RefillAsync(EscrowAccount account, long points, CancellationToken cancel)
    {
        var wanted = account.NextSlice(points, Now);
        var lease = _lease!;
        var taken = await escrows.TakeAsync(lease.Name, account.Kind, account.AccountId, account.Missing(points), wanted, cancel);
        if (!account.TryAdd(taken.Taken))
        {
            await escrows.ReturnAsync(lease.Name, account.Kind, account.AccountId, taken.Taken, CancellationToken.None);
        }
        return taken.Taken;
    }

    private bool TryHold(EscrowAccount account, long points)
    {
        if (!account.TryHold(points, Now, out var low))
        {
            return false;
        }
        if (low && Interlocked.Exchange(ref account.RefillQueued, 1) == 0 && !_low.Writer.TryWrite(account))
        {
            account.RefillQueued = 0;
        }
        return true;
    }

    private EscrowAccount Account(AccountKind kind, long id)
    {
        if (_accounts.TryGetValue((kind, id), out var account) && !account.Closed)
        {
            return account;
        }
        return _accounts.AddOrUpdate(
            (kind, id),
            static (key, now) => new EscrowAccount(key.Kind, key.Id, now),
            static (key, known, now) => known.Closed ? new EscrowAccount(key.Kind, key.Id, now) : known,
            Now);
    }

    private long Now => clock.GetTimestamp() / (clock.TimestampFrequency / 1000);

    private async Task RefillAheadAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var account in _low.Reader.ReadAllAsync(stopping))
            {
                account.RefillQueued = 0;
                await account.Refilling.WaitAsync(stopping);
                try
                {
                    if (!account.Closed)
                    {
                        await RefillAsync(account, account.LastHold, stopping);
                    }
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    log.RefillFailed(error);
                }
                finally
                {
                    account.Refilling.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task RenewAsync(CancellationToken cancel)
    {
        try
        {
            if (await leases.RenewAsync(_lease!, cancel))
            {
                return;
            }
            // Somebody held this process for dead and gave its escrow back: nothing in memory may be spent any more.
            log.LeaseLost();
            foreach (var account in _accounts.Values)
            {
                account.Forfeit();
            }
            _lease = await leases.AcquireAsync(RelayLeaseStore.PrefixOf(_journal!.Id), cancel);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            log.RenewFailed(error);
        }
    }

    /// <summary>Gives the escrow of accounts back that nobody has used since <paramref name="before"/>, in milliseconds of the process clock.</summary>
    internal async Task ReturnIdleAsync(long before, CancellationToken cancel)
    {
        foreach (var (id, account) in _accounts)
        {
            if (account.Closed)
            {
                _accounts.TryRemove(new(id, account));
                continue;
            }
            var idle = account.TakeIdle(before);
            if (!account.Closed)
            {
                continue;
            }
            _accounts.TryRemove(new(id, account));
            if (idle == 0)
            {
                continue;
            }
            try
            {
                await escrows.ReturnAsync(_lease!.Name, account.Kind, account.AccountId, idle, cancel);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // The lease still names it: it comes back when the process stops or its lease runs out.
                log.ReturnFailed(error);
            }
        }
    }

    private async Task ApplyAsync()
    {
        var batch = new List<Settled>(LargestBatch);
        while (await _settled.Reader.WaitToReadAsync())
        {
            // Gathering costs the caller nothing (the answer is out, the journal has the charge) and saves a transaction per call.
            await Task.Delay(TimeSpan.FromMilliseconds(Linger), clock, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (batch.Count < LargestBatch && _settled.Reader.TryRead(out var settled))
            {
                batch.Add(settled);
            }
            await ApplyAsync(batch);
            batch.Clear();
        }
    }

    /// <summary>
    /// Applies a batch, however long the database needs to come back. A record that fails while others succeed is set aside and tried
    /// again later, so that it cannot keep the money of everybody else waiting; the journal has it until then.
    /// </summary>
    private async Task ApplyAsync(List<Settled> batch)
    {
        batch.AddRange(_setAside);
        _setAside.Clear();
        var waiting = batch.ToArray();
        for (var attempt = 0; waiting.Length > 0; attempt++)
        {
            try
            {
                await settlements.ApplyAsync(Array.ConvertAll(waiting, item => item.Record), mayRepeat: attempt > 0, CancellationToken.None);
                Forget(waiting);
                return;
            }
            catch (Exception error)
            {
                log.ApplyFailed(waiting.Length, attempt + 1, error);
            }
            if (_stopping.IsCancellationRequested && attempt >= 5)
            {
                // The journal keeps what is left for the next start.
                throw new IOException("The database did not take the last settlements.");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(10_000, 100 << Math.Min(attempt, 8))), clock);
            if (attempt >= 2)
            {
                var failed = await ApplyOneByOneAsync(waiting);
                if (failed.Length < waiting.Length)
                {
                    _setAside.AddRange(failed);
                    return;
                }
            }
        }
    }

    private async Task<Settled[]> ApplyOneByOneAsync(Settled[] items)
    {
        var failed = new List<Settled>();
        foreach (var item in items)
        {
            try
            {
                await settlements.ApplyAsync([item.Record], mayRepeat: true, CancellationToken.None);
                Forget([item]);
            }
            catch (Exception error)
            {
                log.ApplyFailed(1, 1, error);
                failed.Add(item);
                if (failed.Count == 3 && failed.Count == Array.IndexOf(items, item) + 1)
                {
                    // The first ones all fail: it is the database and not a record.
                    return items;
                }
            }
        }
        return [.. failed];
    }

    private void Forget(ReadOnlySpan<Settled> applied)
    {
        foreach (var item in applied)
        {
            _journal!.Done(item.Segment);
        }
    }

    private readonly record struct Settled(UsageRecord Record, Journal.Segment Segment);
}
