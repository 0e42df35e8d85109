using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>The same number of points set aside on everything that has a say: who pays, the key's ceiling, the budgets.</summary>
internal readonly record struct Shares(EscrowAccount Funding, EscrowAccount? Key, EscrowAccount[] Budgets, long Points)
{
    /// <summary>The account of this name among them; null when the points are not set aside there.</summary>
    public EscrowAccount? On(AccountKind kind, long id) => kind switch
    {
        AccountKind.Key => Key,
        AccountKind.Budget => Array.Find(Budgets, budget => budget.AccountId == id),
        _ => Funding.Kind == kind && Funding.AccountId == id ? Funding : null,
    };

    /// <summary>Gives the points back.</summary>
    public void Release()
    {
        Funding.Release(Points);
        Key?.Release(Points);
        foreach (var budget in Budgets)
        {
            budget.Release(Points);
        }
    }
}
