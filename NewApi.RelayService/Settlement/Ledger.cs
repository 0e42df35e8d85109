using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using NewApi.Data;
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
    RelayMetrics metrics,
    TimeProvider clock,
    ILogger<Ledger> log) : BackgroundService
{
    /// <summary>How long the applier gathers calls before it writes them, in milliseconds.</summary>
    private const int Linger = 100;
    private const int LargestBatch = 1024;
    private const int QueueSize = 16_384;

    /// <summary>Escrow that nobody used for this long goes back to its balance, in milliseconds.</summary>
    private const long IdleAfter = 15_000;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(15);

    /// <summary>How much earlier than the database this process takes its own lease for run out.</summary>
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(5);

    /// <summary>How often settlements are tried again that the database refuses while it takes others, and how many of them each time.</summary>
    private static readonly TimeSpan RetryParkedEvery = TimeSpan.FromMinutes(1);
    private const int RetriedAtOnce = 16;

    /// <summary>So many parked settlements are kept in mind; more wait in the journal for the next start.</summary>
    private const int MostParked = 1024;

    /// <summary>How long the last bytes of an answer wait while cover is sought for a charge above its hold.</summary>
    private static readonly TimeSpan CoverPatience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(AccountKind Kind, long Id), EscrowAccount> _accounts = new();
    private readonly Channel<Settled> _settled = Channel.CreateBounded<Settled>(
        new BoundedChannelOptions(QueueSize) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly Channel<EscrowAccount> _low = Channel.CreateBounded<EscrowAccount>(
        new BoundedChannelOptions(1024) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Accounts of which the database may have more in escrow than this process knows.</summary>
    private readonly ConcurrentDictionary<(AccountKind Kind, long Id), Doubt> _unsure = new();

    private readonly SemaphoreSlim _renewing = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private Journal? _journal;
    private RelayLease? _lease;
    private readonly Queue<UsageRecord> _parked = new();
    private int _parkedInAll;
    private long _parkedTriedAt;
    private Task _applying = Task.CompletedTask;
    private long _refills;
    private long _refillsAhead;
    private long _leaseGoodUntil;
    private long _settlements;
    private long _written;

    /// <summary>The name under which escrow of this process stands in the database.</summary>
    public string Lease => _lease?.Name ?? "";

    /// <summary>How often the database had to be asked for escrow while a call waited.</summary>
    public long SynchronousRefills => Interlocked.Read(ref _refills);

    /// <summary>Settlements that the database refuses while it takes others.</summary>
    internal int Parked => Volatile.Read(ref _parkedInAll);

    /// <summary>Refills ahead of need are under way.</summary>
    internal bool IsRefilling => Interlocked.Read(ref _refillsAhead) != 0;

    /// <summary>Sets credits aside for a call.</summary>
    /// <param name="payer">Whose.</param>
    /// <param name="points">The estimate, in quota points.</param>
    /// <param name="cancel">The caller has left.</param>
    public ValueTask<(Hold? Hold, HoldRefusal Refusal)> HoldAsync(Payer payer, long points, CancellationToken cancel)
    {
        return TrySetAside(payer, payer.Sources, points) is { } shares
            ? new((new Hold(this, payer, shares), HoldRefusal.None))
            : HoldSlowlyAsync(payer, points, cancel);
    }

    /// <summary>Sets points aside on the first source that can bear them, and on every ceiling.</summary>
    internal ValueTask<(Shares? Shares, HoldRefusal Refusal)> SetAsideAsync(
        Payer payer, Source[] sources, long points, CancellationToken cancel)
    {
        return TrySetAside(payer, sources, points) is { } shares
            ? new((shares, HoldRefusal.None))
            : SetAsideSlowlyAsync(payer, sources, points, cancel);
    }

    /// <summary>
    /// Finds cover for a charge above its hold, for a moment and as far as there is any: from the subscription, then from the wallet. The
    /// ceilings are not asked; the answer is out.
    /// </summary>
    internal async ValueTask<IReadOnlyList<Shares>> CoverAsync(Payer payer, long subscription, long points)
    {
        var covered = new List<Shares>();
        try
        {
            using var patience = new CancellationTokenSource(CoverPatience, clock);
            foreach (var source in payer.SourcesAfter(AccountKind.Subscription, subscription))
            {
                var account = await HoldOnAsync(source.Kind, source.Id, points, patience.Token);
                if (account is not null)
                {
                    covered.Add(new Shares(account, null, [], points));
                    return covered;
                }
                // Not all of it: then whatever is left of the subscription, and the rest from the wallet.
                var rest = Account(source.Kind, source.Id).Remaining;
                if (rest > 0 && rest < points && await HoldOnAsync(source.Kind, source.Id, rest, patience.Token) is { } part)
                {
                    covered.Add(new Shares(part, null, [], rest));
                    points -= rest;
                }
            }
        }
        catch (Exception error)
        {
            // The database is away: what is not covered is booked all the same, as excess.
            log.RefillFailed(error);
        }
        return covered;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _journal = Journal.Open(options.JournalDirectory);
        var prefix = RelayLeaseStore.PrefixOf(_journal.Id);
        await RecoverAsync(_journal, prefix, cancellationToken);
        var asked = Now;
        _lease = await leases.AcquireAsync(prefix, cancellationToken);
        GoodSince(asked);
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
        Interlocked.Increment(ref _settlements);
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
                    await RenewLeaseAsync(stoppingToken);
                }
                await ReturnIdleAsync(Now - IdleAfter, stoppingToken);
                await ReturnUnsureAsync(stoppingToken);
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
            try
            {
                await settlements.ApplyAsync(batch, mayRepeat: true, cancel);
            }
            catch (Exception error) when (!cancel.IsCancellationRequested)
            {
                log.ApplyFailed(batch.Length, 1, error);
                await RecoverOneByOneAsync(batch, cancel);
            }
        }
        var returned = await escrows.ReturnAllAsync(prefix, cancel);
        await leases.ReleaseAsync(prefix, cancel);
        journal.ForgetLeft();
        if (journal.Left.Count > 0 || returned > 0)
        {
            log.Recovered(journal.Left.Count - Parked, returned);
        }
    }

    /// <summary>One record that cannot be applied keeps neither the others nor the relay from their work.</summary>
    private async Task RecoverOneByOneAsync(UsageRecord[] records, CancellationToken cancel)
    {
        foreach (var record in records)
        {
            try
            {
                await settlements.ApplyAsync([record], mayRepeat: true, cancel);
            }
            catch (Exception error) when (!cancel.IsCancellationRequested)
            {
                if (!Database.IsRefusal(error) && !await settlements.AnswersAsync(cancel))
                {
                    throw;
                }
                Park(record, error);
            }
        }
    }

    private Shares? TrySetAside(Payer payer, Source[] sources, long points)
    {
        if (LeaseIsDoubtful || TryFund(sources, points) is not { } funding)
        {
            return null;
        }
        EscrowAccount? key = null;
        if (payer.LimitedKeyId != 0 && !TryHold(key = Account(AccountKind.Key, payer.LimitedKeyId), points))
        {
            funding.Release(points);
            return null;
        }
        var budgets = payer.Budgets.Length == 0 ? [] : new EscrowAccount[payer.Budgets.Length];
        for (var i = 0; i < budgets.Length; i++)
        {
            budgets[i] = Account(AccountKind.Budget, payer.Budgets[i]);
            if (!TryHold(budgets[i], points))
            {
                new Shares(funding, key, budgets[..i], points).Release();
                return null;
            }
        }
        return new Shares(funding, key, budgets, points);
    }

    /// <summary>The first source with enough escrow, passing over those that are known to be empty; null when one has to be asked.</summary>
    private EscrowAccount? TryFund(Source[] sources, long points)
    {
        foreach (var source in sources)
        {
            if (source.EndsAt != 0 && source.Ended(UnixNow))
            {
                continue;
            }
            var account = Account(source.Kind, source.Id);
            if (TryHold(account, points))
            {
                return account;
            }
            if (!IsDry(account, points))
            {
                return null;
            }
        }
        return null;
    }

    private bool IsDry(EscrowAccount account, long points)
    {
        var dry = account.IsDry(points, Now, out var ask);
        if (ask)
        {
            QueueRefill(account);
        }
        return dry;
    }

    private async ValueTask<(Hold? Hold, HoldRefusal Refusal)> HoldSlowlyAsync(Payer payer, long points, CancellationToken cancel)
    {
        var (shares, refusal) = await SetAsideSlowlyAsync(payer, payer.Sources, points, cancel);
        return (shares is null ? null : new Hold(this, payer, shares.Value), refusal);
    }

    private async ValueTask<(Shares? Shares, HoldRefusal Refusal)> SetAsideSlowlyAsync(
        Payer payer, Source[] sources, long points, CancellationToken cancel)
    {
        Interlocked.Increment(ref _refills);
        if (LeaseIsDoubtful)
        {
            await RenewAsync(onlyIfDoubtful: true, cancel);
            if (LeaseIsDoubtful)
            {
                throw new IOException("The lease of this relay cannot be renewed: the database is away.");
            }
        }
        var funding = await FundAsync(sources, points, cancel);
        if (funding is null)
        {
            return (null, payer.Funding.WalletPays ? HoldRefusal.Wallet : HoldRefusal.Subscription);
        }
        var held = new Shares(funding, null, [], points);
        try
        {
            if (payer.LimitedKeyId != 0)
            {
                var key = await HoldOnAsync(AccountKind.Key, payer.LimitedKeyId, points, cancel);
                if (key is null)
                {
                    held.Release();
                    return (null, HoldRefusal.Key);
                }
                held = held with { Key = key };
            }
            foreach (var id in payer.Budgets)
            {
                var budget = await HoldOnAsync(AccountKind.Budget, id, points, cancel);
                if (budget is null)
                {
                    held.Release();
                    return (null, HoldRefusal.Budget);
                }
                held = held with { Budgets = [.. held.Budgets, budget] };
            }
            return (held, HoldRefusal.None);
        }
        catch
        {
            held.Release();
            throw;
        }
    }

    /// <summary>
    /// Asks one source after the other. Those that were empty a moment ago are asked only when nobody else can pay: a refusal must not rest
    /// on old news.
    /// </summary>
    private async Task<EscrowAccount?> FundAsync(Source[] sources, long points, CancellationToken cancel)
    {
        List<Source>? empty = null;
        foreach (var source in sources)
        {
            if (source.Ended(UnixNow))
            {
                continue;
            }
            if (sources.Length > 1 && IsDry(Account(source.Kind, source.Id), points))
            {
                (empty ??= []).Add(source);
            }
            else if (await HoldOnAsync(source.Kind, source.Id, points, cancel) is { } account)
            {
                return account;
            }
        }
        foreach (var source in empty ?? [])
        {
            if (await HoldOnAsync(source.Kind, source.Id, points, cancel) is { } account)
            {
                return account;
            }
        }
        return null;
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
        EscrowTaken taken;
        try
        {
            taken = await escrows.TakeAsync(lease.Name, account.Kind, account.AccountId, account.Missing(points), wanted, cancel);
        }
        catch
        {
            // The database may have done it without being able to say so.
            _unsure[(account.Kind, account.AccountId)] = new Doubt(lease.Name);
            throw;
        }
        if (taken.Taken == 0)
        {
            account.NoteDry(taken.Left, Now);
        }
        else if (!account.TryAdd(taken.Taken, taken.Left))
        {
            await ReturnAsync(lease.Name, account, taken.Taken, CancellationToken.None);
        }
        return taken.Taken;
    }

    private async Task ReturnAsync(string lease, EscrowAccount account, long points, CancellationToken cancel)
    {
        try
        {
            await escrows.ReturnAsync(lease, account.Kind, account.AccountId, points, cancel);
        }
        catch
        {
            _unsure[(account.Kind, account.AccountId)] = new Doubt(lease);
            throw;
        }
    }

    private bool TryHold(EscrowAccount account, long points)
    {
        if (!account.TryHold(points, Now, out var low))
        {
            return false;
        }
        if (low)
        {
            QueueRefill(account);
        }
        return true;
    }

    private void QueueRefill(EscrowAccount account)
    {
        if (Interlocked.Exchange(ref account.RefillQueued, 1) != 0)
        {
            return;
        }
        Interlocked.Increment(ref _refillsAhead);
        if (!_low.Writer.TryWrite(account))
        {
            account.RefillQueued = 0;
            Interlocked.Decrement(ref _refillsAhead);
        }
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

    private long UnixNow => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>
    /// The lease may have run out by now: somebody else may give the escrow of this process back, so nothing more may be held against it
    /// before it is renewed.
    /// </summary>
    private bool LeaseIsDoubtful => Now > Volatile.Read(ref _leaseGoodUntil);

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
                catch (Exception error) when (!stopping.IsCancellationRequested)
                {
                    log.RefillFailed(error);
                }
                finally
                {
                    account.Refilling.Release();
                    Interlocked.Decrement(ref _refillsAhead);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    /// <summary>Keeps the lease, or takes another when it was lost.</summary>
    internal Task RenewLeaseAsync(CancellationToken cancel) => RenewAsync(onlyIfDoubtful: false, cancel);

    private async Task RenewAsync(bool onlyIfDoubtful, CancellationToken cancel)
    {
        await _renewing.WaitAsync(cancel);
        try
        {
            if (onlyIfDoubtful && !LeaseIsDoubtful)
            {
                return;
            }
            // Counted from before the question: the database counts from when it answers.
            var asked = Now;
            if (!await leases.RenewAsync(_lease!, cancel))
            {
                // Somebody held this process for dead and gave its escrow back: nothing in memory may be spent any more.
                log.LeaseLost();
                var next = await leases.AcquireAsync(RelayLeaseStore.PrefixOf(_journal!.Id), cancel);
                _lease = next;
                foreach (var account in _accounts.Values)
                {
                    account.Forfeit();
                }
            }
            GoodSince(asked);
        }
        catch (Exception error) when (!cancel.IsCancellationRequested)
        {
            log.RenewFailed(error);
        }
        finally
        {
            _renewing.Release();
        }
    }

    private void GoodSince(long time) =>
        Volatile.Write(ref _leaseGoodUntil, time + (long)(RelayLeaseStore.Lifetime - LeaseMargin).TotalMilliseconds);

    /// <summary>Gives the escrow of accounts back that nobody has used since <paramref name="before"/>, in milliseconds of the process clock.</summary>
    internal async Task ReturnIdleAsync(long before, CancellationToken cancel)
    {
        foreach (var account in _accounts.Values)
        {
            await ReturnIdleAsync(account, before, cancel);
        }
    }

    /// <summary>Gives back what no call uses of one payer's balances, for a charge that is made in the database itself.</summary>
    public async Task ReturnFreeAsync(Payer payer, CancellationToken cancel)
    {
        var accounts = payer.Sources.Select(source => (source.Kind, source.Id))
            .Append((AccountKind.Key, payer.LimitedKeyId))
            .Concat(payer.Budgets.Select(budget => (AccountKind.Budget, budget)));
        foreach (var id in accounts)
        {
            if (_accounts.TryGetValue(id, out var account))
            {
                await GiveBackAsync(account, account.TakeFree(), cancel);
            }
        }
    }

    private async Task ReturnIdleAsync(EscrowAccount account, long before, CancellationToken cancel)
    {
        var idle = account.Closed ? 0 : account.TakeIdle(before);
        if (!account.Closed)
        {
            return;
        }
        _accounts.TryRemove(new((account.Kind, account.AccountId), account));
        await GiveBackAsync(account, idle, cancel);
    }

    private async Task GiveBackAsync(EscrowAccount account, long points, CancellationToken cancel)
    {
        if (points == 0)
        {
            return;
        }
        try
        {
            await ReturnAsync(_lease!.Name, account, points, cancel);
        }
        catch (Exception error) when (!cancel.IsCancellationRequested)
        {
            log.ReturnFailed(error);
        }
    }

    /// <summary>
    /// After a failure in the middle of a refill or a return the database may have more in escrow than this process knows of. Once nobody
    /// here uses the account, and the settlements are written that were made until then, all that stands there under the lease is too
    /// much.
    /// </summary>
    internal async Task ReturnUnsureAsync(CancellationToken cancel)
    {
        foreach (var ((kind, id), doubt) in _unsure)
        {
            var account = Account(kind, id);
            await account.Refilling.WaitAsync(cancel);
            try
            {
                if (account.Closed || !account.IsUnused(out var refills))
                {
                    continue;
                }
                if (!doubt.IsAbout(account, refills))
                {
                    doubt.Note(account, refills, Interlocked.Read(ref _settlements));
                }
                if (Interlocked.Read(ref _written) < doubt.Settlements)
                {
                    continue;
                }
                await escrows.ReturnAllAsync(doubt.Lease, kind, id, cancel);
                _unsure.TryRemove(new((kind, id), doubt));
            }
            catch (Exception error) when (!cancel.IsCancellationRequested)
            {
                log.ReturnFailed(error);
                return;
            }
            finally
            {
                account.Refilling.Release();
            }
        }
    }

    /// <summary>
    /// Applies what was settled, however long the database needs to come back. Meanwhile more joins what waits: a record that the database
    /// refuses is found out when others succeed.
    /// </summary>
    private async Task ApplyAsync()
    {
        var batch = new List<Settled>(LargestBatch);
        for (var attempt = 0; batch.Count > 0 || await WaitForWorkAsync();)
        {
            // Gathering costs the caller nothing (the answer is out, the journal has the charge) and saves a transaction per call.
            await Task.Delay(TimeSpan.FromMilliseconds(Linger), clock, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (batch.Count < LargestBatch && _settled.Reader.TryRead(out var settled))
            {
                batch.Add(settled);
            }
            await ApplyAsync(batch, attempt);
            if (batch.Count == 0)
            {
                attempt = 0;
                await RetryParkedAsync();
                continue;
            }
            if (_stopping.IsCancellationRequested && attempt >= 5)
            {
                // The journal keeps what is left for the next start.
                throw new IOException("The database did not take the last settlements.");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(10_000, 100 << Math.Min(attempt, 8))), clock);
            attempt++;
        }
    }

    /// <summary>Settlements have come, or it is time to try again what is parked; false when no more will come.</summary>
    private async ValueTask<bool> WaitForWorkAsync()
    {
        if (_parked.Count == 0)
        {
            return await _settled.Reader.WaitToReadAsync();
        }
        using var pause = new CancellationTokenSource(RetryParkedEvery, clock);
        try
        {
            return await _settled.Reader.WaitToReadAsync(pause.Token);
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    /// <summary>Applies a batch; what could be neither applied nor parked stays in it.</summary>
    private async Task ApplyAsync(List<Settled> batch, int attempt)
    {
        if (batch.Count == 0)
        {
            return;
        }
        try
        {
            await settlements.ApplyAsync(batch.ConvertAll(item => item.Record), mayRepeat: attempt > 0, CancellationToken.None);
            Forget(CollectionsMarshal.AsSpan(batch));
            batch.Clear();
        }
        catch (Exception error)
        {
            log.ApplyFailed(batch.Count, attempt + 1, error);
            if (attempt >= 2 || Database.IsRefusal(error))
            {
                await ApplyOneByOneAsync(batch);
            }
        }
    }

    /// <summary>
    /// Parks what the database refuses, so that it cannot keep the money of everybody else waiting. An error that does not blame the record
    /// counts against it only when it comes again after the database has taken others.
    /// </summary>
    private async Task ApplyOneByOneAsync(List<Settled> batch)
    {
        var doubtful = new List<Settled>();
        var (done, applied, inARow, answers) = (0, 0, 0, true);
        while (done < batch.Count && inARow < 3 && answers)
        {
            var item = batch[done++];
            try
            {
                await settlements.ApplyAsync([item.Record], mayRepeat: true, CancellationToken.None);
                Forget([item]);
                applied++;
                inARow = 0;
            }
            catch (Exception error) when (Database.IsRefusal(error) && TryPark(item, error))
            {
            }
            catch (Exception)
            {
                doubtful.Add(item);
                inARow++;
                answers = await settlements.AnswersAsync(CancellationToken.None);
            }
        }
        batch.RemoveRange(0, done);
        foreach (var item in doubtful)
        {
            if (applied == 0 || !answers || !await ApplyOrParkAsync(item))
            {
                // At the end: they must not hide the others from the next round.
                batch.Add(item);
            }
        }
    }

    private async Task<bool> ApplyOrParkAsync(Settled item)
    {
        try
        {
            await settlements.ApplyAsync([item.Record], mayRepeat: true, CancellationToken.None);
            Forget([item]);
            return true;
        }
        catch (Exception error)
        {
            return TryPark(item, error);
        }
    }

    private bool TryPark(Settled item, Exception error)
    {
        try
        {
            Park(item.Record, error);
        }
        catch (IOException full)
        {
            log.ParkFailed(full);
            return false;
        }
        Forget([item]);
        return true;
    }

    private void Park(UsageRecord record, Exception error)
    {
        _journal!.Park(record);
        Interlocked.Increment(ref _parkedInAll);
        metrics.Parked(1);
        if (_parked.Count == 0)
        {
            _parkedTriedAt = clock.GetTimestamp();
        }
        if (_parked.Count < MostParked)
        {
            _parked.Enqueue(record);
        }
        log.Parked(record.RequestId, Parked, error);
    }

    /// <summary>Tries some of the parked settlements again, those first that have waited longest.</summary>
    private async Task RetryParkedAsync()
    {
        if (_parked.Count == 0 || clock.GetElapsedTime(_parkedTriedAt) < RetryParkedEvery)
        {
            return;
        }
        _parkedTriedAt = clock.GetTimestamp();
        var taken = 0;
        for (var left = Math.Min(RetriedAtOnce, _parked.Count); left > 0; left--)
        {
            var record = _parked.Dequeue();
            try
            {
                await settlements.ApplyAsync([record], mayRepeat: true, CancellationToken.None);
                _journal!.Unpark();
                Interlocked.Decrement(ref _parkedInAll);
                metrics.Parked(-1);
                taken++;
            }
            catch (Exception error)
            {
                _parked.Enqueue(record);
                log.ApplyFailed(1, 1, error);
                if (!Database.IsRefusal(error))
                {
                    // Whatever it is, everybody else's settlements do not wait for it.
                    break;
                }
            }
        }
        if (taken > 0)
        {
            log.Unparked(taken, Parked);
        }
    }

    /// <summary>Settlements that are in the database, or parked.</summary>
    private void Forget(ReadOnlySpan<Settled> applied)
    {
        foreach (var item in applied)
        {
            _journal!.Done(item.Segment);
        }
        Interlocked.Add(ref _written, applied.Length);
    }

    private readonly record struct Settled(UsageRecord Record, Journal.Segment Segment);

    /// <summary>An account may have more in escrow under a lease than this process knows.</summary>
    private sealed class Doubt(string lease)
    {
        private EscrowAccount? _account;
        private long _refills;

        public string Lease => lease;

        /// <summary>How many settlements this process had made when the account was found unused.</summary>
        public long Settlements { get; private set; }

        /// <summary>The account was found unused, and nothing came to it since.</summary>
        public bool IsAbout(EscrowAccount account, long refills) => _account == account && _refills == refills;

        public void Note(EscrowAccount account, long refills, long settlements) =>
            (_account, _refills, Settlements) = (account, refills, settlements);
    }
}
