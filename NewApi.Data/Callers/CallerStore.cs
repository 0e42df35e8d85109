using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;

namespace NewApi.Data.Callers;

/// <summary>Who a relay key belongs to. Deleted keys and keys of deleted accounts are not found; what is disabled, expired or
/// exhausted is, so that the refusal can say so.</summary>
public sealed class CallerStore(Database database, TimeProvider clock)
{
    // Translated once: the expression would cost ten times as much as the query at every look-up.
    private static readonly Func<DataConnection, string, IQueryable<Pair>> ByKey = CompiledQuery.Compile(
        (DataConnection db, string key) =>
            from token in db.GetTable<TokenRow>()
            join user in db.GetTable<UserRow>() on token.UserId equals user.Id
            where token.Key == key && token.DeletedAt == null && user.DeletedAt == null
            select new Pair { Token = token, User = user });

    private static readonly Func<DataConnection, long, IQueryable<Pair>> ByTokenId = CompiledQuery.Compile(
        (DataConnection db, long id) =>
            from token in db.GetTable<TokenRow>()
            join user in db.GetTable<UserRow>() on token.UserId equals user.Id
            where token.Id == id && token.DeletedAt == null && user.DeletedAt == null
            select new Pair { Token = token, User = user });

    private static readonly Func<DataConnection, long, IQueryable<UserRow>> UserById = CompiledQuery.Compile(
        (DataConnection db, long id) => db.GetTable<UserRow>().Where(user => user.Id == id && user.DeletedAt == null));

    /// <summary>By the key without its <c>sk-</c> prefix, compared bit by bit.</summary>
    public async Task<CallerRows?> FindByKeyAsync(string key, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var found = await ByKey(db, key).ToListAsync(cancellationToken);
        // MySQL's default collation finds keys that differ in case (specification: data model §9).
        return await CompleteAsync(db, found.Find(pair => string.Equals(pair.Token.Key, key, StringComparison.Ordinal)), cancellationToken);
    }

    /// <summary>By the id of the key.</summary>
    public async Task<CallerRows?> FindTokenAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        return await CompleteAsync(db, (await ByTokenId(db, id).ToListAsync(cancellationToken)).FirstOrDefault(), cancellationToken);
    }

    /// <summary>The account alone, without its password hash; null when it is deleted.</summary>
    public async Task<UserRow?> FindUserAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var user = (await UserById(db, id).ToListAsync(cancellationToken)).FirstOrDefault();
        if (user is not null)
        {
            user.Password = "";
        }

        return user;
    }

    /// <summary>The account of a session; null when it is deleted, or its password is no longer the one of the log-in.</summary>
    public async Task<AccountRows?> FindAccountAsync(long id, long authVersion, CancellationToken cancellationToken)
    {
        if (await FindUserAsync(id, cancellationToken) is not { } user || user.AuthVersion != authVersion)
        {
            return null;
        }

        await using var db = database.Open();
        var funding = await FundingStore.ReadAsync(db, id, user.Setting, clock.GetUtcNow().ToUnixTimeSeconds(), cancellationToken);
        return new AccountRows(user, funding, await BudgetRows.Bounding(db, 0, id, user.Group).ToListAsync(cancellationToken));
    }

    private async Task<CallerRows?> CompleteAsync(DataConnection db, Pair? pair, CancellationToken cancel)
    {
        if (pair is null)
        {
            return null;
        }

        pair.User.Password = "";
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var funding = await FundingStore.ReadAsync(db, pair.User.Id, pair.User.Setting, now, cancel);
        return new CallerRows(pair.Token, pair.User, funding, await BudgetRows.Bounding(db, pair.Token.Id, pair.User.Id, pair.User.Group).ToListAsync(cancel));
    }

    private sealed class Pair
    {
        public required TokenRow Token { get; init; }

        public required UserRow User { get; init; }
    }
}
