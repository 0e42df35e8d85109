using NewApi.Domain;

namespace NewApi.Data.Ledger;

/// <summary>A balance would become more than <see cref="Quota.Most"/>: thrown inside the transaction, so that nothing of it happens.</summary>
public sealed class BalanceOutOfRangeException(long userId) : Exception($"The balance of user {userId} would go out of range.")
{
    public long UserId => userId;
}
