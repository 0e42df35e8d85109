using NewApi.Data.Ledger;
using NewApi.Data.Rows;

namespace NewApi.Data.Callers;

/// <summary>An account that calls by itself, without a key: who pays for it, and the budgets that bound it. The password hash is not loaded.</summary>
public sealed record AccountRows(UserRow User, Funding Funding, IReadOnlyList<long> Budgets);

/// <summary>A relay key, the account it belongs to, who pays for it, and the budgets that bound it. The password hash is not loaded.</summary>
public sealed record CallerRows(TokenRow Token, UserRow User, Funding Funding, IReadOnlyList<long> Budgets);
