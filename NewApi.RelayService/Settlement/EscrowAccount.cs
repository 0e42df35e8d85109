using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>
/// The part of one balance that this process may spend: what it took out of the database and has not charged yet. Holds and charges
/// are moved under a lock that is never held across a wait.
/// </summary>
internal sealed class EscrowAccount(AccountKind kind, long accountId, long now)
{
    private const int FirstSlice = 32;
    private const int LargestSlice = 8192;

    /// <summary>How long an empty balance is taken to be empty, in milliseconds.</summary>
    private const long AskAgainAfter = 5_000;

    private readonly Lock _gate = new();
    private long _escrow;
    private long _held;
    private long _lastTouched = now;
    private long _lastRefill = long.MinValue;
    private long _slice = FirstSlice;
    private bool _closed;
    private long _lastHold = 1;
    private long _lastRefillPoints;
    private long _refills;
    private long _left;
    private bool _dry;
    private long _askedAt;

    public AccountKind Kind => kind;

    public long AccountId => accountId;

    /// <summary>One refill at a time; the others wait and then find the escrow it brought.</summary>
    public SemaphoreSlim Refilling { get; } = new(1, 1);

    /// <summary>Set while a refill ahead of need is queued.</summary>
    public int RefillQueued;

    /// <summary>The account has been put away: take a new one from the ledger.</summary>
    public bool Closed
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }

    /// <summary>Points of the latest hold: what a refill should be a multiple of.</summary>
    public long LastHold => Math.Max(1, Volatile.Read(ref _lastHold));

    /// <summary>Sets points aside for a call.</summary>
    /// <param name="points">How many.</param>
    /// <param name="now">Milliseconds of the process clock.</param>
    /// <param name="low">True when half of the last refill is used up: time to refill before a call has to wait for it.</param>
    public bool TryHold(long points, long now, out bool low)
    {
        lock (_gate)
        {
            var free = _escrow - _held;
            if (_closed || free < points)
            {
                low = false;
                return false;
            }
            _held += points;
            _lastTouched = now;
            _lastHold = points;
            low = free - points < _lastRefillPoints / 2;
            return true;
        }
    }

    /// <summary>Points that the balance had left when it was last asked, and what of its escrow no call holds.</summary>
    public long Remaining
    {
        get
        {
            lock (_gate)
            {
                return _left + _escrow - _held;
            }
        }
    }

    /// <summary>
    /// The balance could not give this much a moment ago: a call that has another source need not wait to hear it again. Says now and then
    /// that it is time to ask once more, behind the call's back.
    /// </summary>
    public bool IsDry(long points, long now, out bool ask)
    {
        lock (_gate)
        {
            ask = false;
            if (!_dry || _closed || points - (_escrow - _held) <= _left)
            {
                return false;
            }
            _lastTouched = now;
            _lastHold = points;
            if (now - _askedAt > AskAgainAfter)
            {
                _askedAt = now;
                ask = true;
            }
            return true;
        }
    }

    /// <summary>The balance could not give what was asked for.</summary>
    public void NoteDry(long left, long now)
    {
        lock (_gate)
        {
            (_dry, _left, _askedAt) = (true, left, now);
        }
    }

    /// <summary>How much escrow is missing for a hold of this size; what is already free counts towards it.</summary>
    public long Missing(long points)
    {
        lock (_gate)
        {
            return Math.Max(1, points - (_escrow - _held));
        }
    }

    public void Release(long points)
    {
        lock (_gate)
        {
            _held -= points;
        }
    }

    /// <summary>Ends a hold with a charge. Whatever the hold does not cover is first taken from escrow that no other call holds.</summary>
    /// <returns>How much of the charge escrow paid.</returns>
    public long Settle(long held, long charge)
    {
        lock (_gate)
        {
            _held -= held;
            var paid = Math.Min(charge, Math.Max(0, _escrow - _held));
            _escrow -= paid;
            return paid;
        }
    }

    /// <summary>How much a refill should ask for: more the more often it is needed, so that a busy account seldom asks.</summary>
    public long NextSlice(long points, long now)
    {
        lock (_gate)
        {
            _slice = now - _lastRefill < 5_000 ? Math.Min(_slice * 4, LargestSlice) : FirstSlice;
            _lastRefill = now;
            return checked(points * _slice);
        }
    }

    /// <summary>
    /// Adds what a refill brought, and notes what the balance has left; false when the account was put away meanwhile. Nobody would ever spend it here then: it must go back
    /// to its balance.
    /// </summary>
    public bool TryAdd(long points, long left)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }
            _escrow += points;
            _refills++;
            _lastRefillPoints = points;
            (_dry, _left) = (false, left);
            return true;
        }
    }

    /// <summary>Takes the whole escrow out when nobody has used it since <paramref name="before"/>; the account is closed then.</summary>
    public long TakeIdle(long before)
    {
        lock (_gate)
        {
            if (_held != 0 || _lastTouched > before || _closed)
            {
                return 0;
            }
            _closed = true;
            var idle = _escrow;
            _escrow = 0;
            return idle;
        }
    }

    /// <summary>Takes out what no call holds; the account goes on.</summary>
    public long TakeFree()
    {
        lock (_gate)
        {
            var free = Math.Max(0, _escrow - _held);
            _escrow -= free;
            _left += free;
            return free;
        }
    }

    /// <summary>Nothing was taken out of the balance for it, and nothing is held.</summary>
    /// <param name="refills">How often it was given something: while that stays the same, an unused account has paid nothing either.</param>
    public bool IsUnused(out long refills)
    {
        lock (_gate)
        {
            refills = _refills;
            return _escrow == 0 && _held == 0;
        }
    }

    /// <summary>Forgets escrow that the database has given back to the balance because this process's lease ran out.</summary>
    public void Forfeit()
    {
        lock (_gate)
        {
            _escrow = 0;
            _closed = true;
        }
    }
}
