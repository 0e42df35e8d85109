using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>A balance that may pay for a call.</summary>
/// <param name="EndsAt">Unix seconds after which it may not; 0 when it never ends.</param>
internal readonly record struct Source(AccountKind Kind, long Id, long EndsAt)
{
    public bool Ended(long now) => EndsAt != 0 && EndsAt <= now;
}

/// <summary>
/// Whose credits a call may set aside: the sources in the order to be asked, and the ceilings that count on top. Made once when a caller is
/// read, so that a call need not ask for it.
/// </summary>
internal sealed class Payer
{
    private readonly Source[] _overflow;

    /// <param name="userId">The account.</param>
    /// <param name="limitedKeyId">The key whose ceiling counts as well, or 0 for an unlimited key.</param>
    /// <param name="funding">Preference and subscriptions of the account.</param>
    /// <param name="budgets">Budgets of the key, the account and its group.</param>
    public Payer(long userId, long limitedKeyId, Funding funding, IReadOnlyList<long> budgets)
    {
        UserId = userId;
        LimitedKeyId = limitedKeyId;
        Funding = funding;
        Budgets = [.. budgets];
        Sources =
        [
            .. funding.Sources().Select(subscription => subscription is null
                ? new Source(AccountKind.Wallet, userId, 0)
                : new Source(AccountKind.Subscription, subscription.Id, subscription.EndsAt)),
        ];
        _overflow = WalletMayPay ? [new Source(AccountKind.Wallet, userId, 0)] : [];
    }

    public long UserId { get; }

    public long LimitedKeyId { get; }

    public Funding Funding { get; }

    public long[] Budgets { get; }

    public Source[] Sources { get; }

    /// <summary>The wallet pays what a subscription cannot once a call has begun.</summary>
    public bool WalletMayPay => Funding.WalletPays && Funding.Overflows;

    /// <summary>Where more comes from when a call that <paramref name="kind"/> and <paramref name="id"/> pay for turns out dearer.</summary>
    public Source[] SourcesAfter(AccountKind kind, long id) =>
        kind == AccountKind.Wallet ? [new Source(kind, id, 0)] : [new Source(kind, id, 0), .. _overflow];

    /// <summary>Says the same as another: asking again with it would change nothing.</summary>
    public bool IsLike(Payer other) =>
        LimitedKeyId == other.LimitedKeyId
        && WalletMayPay == other.WalletMayPay
        && Sources.AsSpan().SequenceEqual(other.Sources)
        && Budgets.AsSpan().SequenceEqual(other.Budgets);
}
