using LinqToDB;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>Which budgets count for whom.</summary>
internal static class BudgetRows
{
    /// <summary>Ids of the enabled budgets of a key, its account and the account's group, in the order in which they are taken.</summary>
    public static Func<DataConnection, long, long, string, IQueryable<long>> Bounding { get; } = CompiledQuery.Compile(
        (DataConnection db, long tokenId, long userId, string group) => db.GetTable<BudgetRow>()
            .Where(row => row.Enabled
                && ((row.Scope == "key" && row.ScopeId == tokenId)
                    || (row.Scope == "user" && row.ScopeId == userId)
                    || (row.Scope == "group" && row.ScopeId == 0 && row.ScopeGroup == group)))
            .OrderBy(row => row.Id)
            .Select(row => row.Id));
}
