using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Stores;

public sealed class RowTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Json_columns_come_back_and_are_bytes_on_SQLite(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        const string Json = """{"is_multi_key":true,"multi_key_status_list":{"0":3},"名":"值"}""";

        var id = await host.Database.WriteAsync(
            (db, ct) => db.InsertWithInt64IdentityAsync(new ChannelRow { Key = "k", ChannelInfo = Json }, token: ct), Stop);
        await using var db = host.Database.Open();
        Assert.Equal(Json, (await db.Channels.SingleAsync(row => row.Id == id, Stop)).ChannelInfo);

        const string Other = """{"multi_key_mode":"polling"}""";
        await host.Database.WriteAsync(
            (write, ct) => write.Channels.Where(row => row.Id == id).Set(row => row.ChannelInfo, Other).UpdateAsync(ct), Stop);
        Assert.Equal(Other, await db.Channels.Where(row => row.Id == id).Select(row => row.ChannelInfo).SingleAsync(Stop));
        if (engine == DatabaseEngine.Sqlite)
        {
            Assert.Equal("blob", await test.ReadAsync("SELECT typeof(channel_info) FROM channels"));
        }
    }

    [Theory, AllDatabases]
    public async Task Moments_come_back_in_whatever_time_zone_they_were_given(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var moment = new DateTimeOffset(2026, 3, 1, 9, 30, 15, 250, TimeSpan.FromHours(8));

        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new UserRow { Username = "inserted", DeletedAt = moment }, token: ct);
                await db.InsertAsync(new UserRow { Username = "updated" }, token: ct);
                await db.Users.Where(row => row.Username == "updated").Set(row => row.DeletedAt, moment).UpdateAsync(ct);
            },
            Stop);

        await using var db = host.Database.Open();
        var times = await db.Users.Select(row => row.DeletedAt).ToListAsync(Stop);
        Assert.Equal([moment.UtcDateTime, moment.UtcDateTime], times.Select(time => time!.Value.UtcDateTime));
        if (engine != DatabaseEngine.Postgres)
        {
            // Where the engine keeps no zone, the reference reads UTC.
            Assert.StartsWith("2026-03-01 01:30:15", await test.ReadAsync(
                engine == DatabaseEngine.Sqlite
                    ? "SELECT deleted_at FROM users LIMIT 1"
                    : "SELECT DATE_FORMAT(deleted_at, '%Y-%m-%d %H:%i:%s') FROM users LIMIT 1"));
        }
    }

    [Theory, AllDatabases]
    public async Task Numbers_beyond_32_bits_fit_everywhere(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        const long Much = 9_000_000_000_000;

        await host.Database.WriteAsync(
            (db, ct) => db.InsertAsync(new UserRow { Username = "rich", Quota = Much, UsedQuota = Much, AffHistory = -Much }, token: ct), Stop);

        await using var db = host.Database.Open();
        var user = await db.Users.SingleAsync(Stop);
        Assert.Equal((Much, Much, -Much), (user.Quota, user.UsedQuota, user.AffHistory));
    }

    [Theory, AllDatabases]
    public async Task Money_of_orders_is_exact(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);

        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new TopUpRow { TradeNo = "a", Money = 73.05m }, token: ct);
                await db.InsertAsync(new SubscriptionPlanRow { Title = "p", PriceAmount = 9.990001m }, token: ct);
            },
            Stop);

        await using var db = host.Database.Open();
        Assert.Equal(73.05m, (await db.TopUps.SingleAsync(Stop)).Money);
        Assert.Equal(9.990001m, (await db.SubscriptionPlans.SingleAsync(Stop)).PriceAmount);
    }

    [Theory, AllDatabases]
    public async Task Every_kind_of_row_can_be_written_and_read(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var rows = typeof(UserRow).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(UserRow).Namespace && type.Name.EndsWith("Row", StringComparison.Ordinal));

        foreach (var row in rows)
        {
            var copy = (Task)GetType().GetMethod(nameof(CopyAsync), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
                .MakeGenericMethod(row).Invoke(null, [host.Database])!;
            await copy;
        }
    }

    private static async Task CopyAsync<T>(Database database)
        where T : class, new()
    {
        var written = new T();
        var number = 1;
        foreach (var property in typeof(T).GetProperties().Where(property => property.Name != "Id"))
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var json = property.GetCustomAttributes(false).OfType<LinqToDB.Mapping.ColumnAttribute>()
                .Any(column => column.DataType == DataType.Json);
            property.SetValue(
                written,
                type == typeof(string) ? json ? $$"""{"n":{{number}}}""" : $"t{number}"
                : type == typeof(bool) ? true
                : type == typeof(decimal) ? number + 0.25m
                : type == typeof(DateTimeOffset) ? new DateTimeOffset(2026, 1, 2, 3, 4, number, TimeSpan.Zero)
                : (object)(long)number);
            number++;
        }

        await database.WriteAsync(
            async (db, ct) =>
            {
                // The opening of the ledger leaves a mark of its own.
                await db.GetTable<T>().DeleteAsync(ct);
                await db.InsertAsync(written, token: ct);
            },
            Stop);
        await using var reading = database.Open();
        var read = await reading.GetTable<T>().FirstAsync(Stop);
        foreach (var property in typeof(T).GetProperties().Where(property => property.Name != "Id"))
        {
            Assert.True(
                Equals(property.GetValue(written), property.GetValue(read)),
                $"{typeof(T).Name}.{property.Name}: {property.GetValue(written)} became {property.GetValue(read)}");
        }
    }
}
