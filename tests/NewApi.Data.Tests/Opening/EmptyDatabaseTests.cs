using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Opening;

public sealed class EmptyDatabaseTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Empty_database_gets_every_table(DatabaseEngine engine)
    {
        await using var empty = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(empty);

        await using var db = host.Database.Open();
        foreach (var table in typeof(UserRow).Assembly.GetTypes().Where(type => type.Namespace == typeof(UserRow).Namespace && type.Name.EndsWith("Row", StringComparison.Ordinal)))
        {
            var count = typeof(EmptyDatabaseTests).GetMethod(nameof(ReadAllAsync), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
                .MakeGenericMethod(table);
            // The opening of the ledger leaves a mark of its own.
            Assert.Equal(table == typeof(MetaRow) ? 1 : 0, await (Task<int>)count.Invoke(null, [db])!);
        }
    }

    private static async Task<int> ReadAllAsync<T>(IDataContext db)
        where T : class => (await db.GetTable<T>().ToListAsync(Stop)).Count;
}
