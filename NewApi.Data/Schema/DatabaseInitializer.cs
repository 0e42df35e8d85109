using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.Logging;
using NewApi.Data.Changes;
using NewApi.Data.Rows;
using NewApi.Data.Settings;

namespace NewApi.Data.Schema;

/// <summary>Makes the databases complete, once, whichever process comes first (specification: data model §7.1).</summary>
internal sealed class DatabaseInitializer(
    Database main,
    LogDatabase log,
    DataSettings settings,
    RedisLink redis,
    ChangeSignal signal,
    IEnumerable<IAfterMigration> afterwards,
    TimeProvider time,
    ILogger<DatabaseInitializer> logger) : IDatabaseInitializer
{
    // Shared by every process of this product; any constant does that nobody else uses.
    private const long PostgresLock = 0x6E657761_7069;

    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(main, GatewaySchema.Main, cancellationToken);
        if (log.IsSeparate)
        {
            await PrepareAsync(log.Database, GatewaySchema.Log, cancellationToken);
        }

        await redis.ConnectAsync(cancellationToken);
        await signal.PrimeAsync(cancellationToken);
        if (settings.IsSlave)
        {
            return;
        }

        foreach (var step in afterwards)
        {
            await RunAsync(step, cancellationToken);
        }
    }

    private async Task RunAsync(IAfterMigration step, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await step.RunAsync(main, cancellationToken);
                return;
            }
            catch (Exception e) when (Database.IsDuplicate(e) && attempt < 5)
            {
                // A process that started at the same moment did it first; the next round sees its rows.
            }
        }
    }

    private async Task PrepareAsync(Database database, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        logger.DatabaseIs(database.Address.Label);
        try
        {
            await new DatabaseDoor(database, time, logger).OpenAsync(mayCreate: !settings.IsSlave, cancellationToken);
            if (settings.IsSlave)
            {
                await CheckAsync(database, tables, cancellationToken);
            }
            else
            {
                await CompleteAsync(database, tables, cancellationToken);
            }
        }
        catch (Exception e) when (e is not (DatabaseUnavailableException or OperationCanceledException))
        {
            throw new DatabaseUnavailableException($"{database.Address.Label} cannot be used: {e.Message}", e);
        }
    }

    private static async Task CheckAsync(Database database, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var catalog = await Catalog.ReadAsync(db, database.Kind, cancellationToken);
        var missing = tables.FirstOrDefault(table =>
            table.Columns.Any(column => catalog.FindColumn(table.Name, column.Name) is null));
        if (missing is not null)
        {
            throw new DatabaseUnavailableException(
                $"{database.Address.Label} lacks (parts of) table {missing.Name}, and NODE_TYPE=slave does not migrate: "
                + "start a master of this version first");
        }
    }

    private async Task CompleteAsync(Database database, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        // An index over years of logs takes its time, and so may the process that holds the lock.
        db.CommandTimeout = 0;
        await (database.Kind switch
        {
            DatabaseKind.MySql => UnderMySqlLockAsync(db, database, tables, cancellationToken),
            _ => InTransactionAsync(db, database, tables, cancellationToken),
        });
    }

    // SQLite and Postgres roll back a migration that dies half-way; the transaction itself is the lock on SQLite.
    private async Task InTransactionAsync(
        DataConnection db, Database database, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginTransactionAsync(cancellationToken);
        string? schema = null;
        if (database.Kind == DatabaseKind.Postgres)
        {
            await db.ExecuteAsync($"SELECT pg_advisory_xact_lock({PostgresLock})", cancellationToken);
            schema = await db.ExecuteAsync<string>("SELECT current_schema()", cancellationToken);
        }

        await ApplyAsync(db, database, schema, tables, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
    }

    // On MySQL every schema statement commits by itself, so a lock by name; it ends with the connection at the latest.
    private async Task UnderMySqlLockAsync(
        DataConnection db, Database database, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        var name = await db.ExecuteAsync<string>("SELECT DATABASE()", cancellationToken);
        var key = $"newapi-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..16]}";
        if (await db.ExecuteAsync<long?>($"SELECT GET_LOCK('{key}', 600)", cancellationToken) != 1)
        {
            throw new DatabaseUnavailableException($"{database.Address.Label} is being migrated by another process for ten minutes");
        }

        try
        {
            await CheckCharacterSetsAsync(db, database, tables, cancellationToken);
            await ApplyAsync(db, database, null, tables, cancellationToken);
        }
        finally
        {
            await db.ExecuteAsync($"SELECT RELEASE_LOCK('{key}')", CancellationToken.None);
        }
    }

    private async Task ApplyAsync(
        DataConnection db, Database database, string? schema, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        var catalog = await Catalog.ReadAsync(db, database.Kind, cancellationToken);
        var steps = CompleteSchema.Plan(database.Kind, catalog, schema, tables);
        if (steps.Count > 0)
        {
            logger.SchemaIncomplete(steps.Count);
            foreach (var step in steps)
            {
                await RunAsync(db, database.Kind, step, cancellationToken);
            }

            logger.SchemaComplete();
        }

        if (database == main)
        {
            await RepairSetupAsync(db, cancellationToken);
        }
    }

    private async Task RunAsync(DataConnection db, DatabaseKind kind, SchemaStep step, CancellationToken cancellationToken)
    {
        if (!step.MayFail)
        {
            await db.ExecuteAsync(step.Sql, cancellationToken);
            return;
        }

        // A failed statement would take the whole transaction with it on Postgres.
        var guarded = kind == DatabaseKind.Postgres;
        if (guarded)
        {
            await db.ExecuteAsync("SAVEPOINT step", cancellationToken);
        }

        try
        {
            await db.ExecuteAsync(step.Sql, cancellationToken);
            if (guarded)
            {
                await db.ExecuteAsync("RELEASE SAVEPOINT step", cancellationToken);
            }
        }
        catch (System.Data.Common.DbException e) when (!cancellationToken.IsCancellationRequested)
        {
            if (guarded)
            {
                await db.ExecuteAsync("ROLLBACK TO SAVEPOINT step", cancellationToken);
            }

            logger.StepSkipped(step.What, e.Message);
        }
    }

    // A root account without the row: the set-up page must not come back (specification: data model §3.13).
    private async Task RepairSetupAsync(DataConnection db, CancellationToken cancellationToken)
    {
        if (await db.Setups.AnyAsync(cancellationToken)
            || !await db.Users.AnyAsync(user => user.Role >= 100 && user.DeletedAt == null, cancellationToken))
        {
            return;
        }

        var version = typeof(DatabaseInitializer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "0";
        await db.InsertAsync(
            new SetupRow { Version = version, InitializedAt = time.GetUtcNow().ToUnixTimeSeconds() }, token: cancellationToken);
    }

    // Names and prompts are in any script: what cannot store Chinese would cut them (specification: data model §7.1).
    private static async Task CheckCharacterSetsAsync(
        DataConnection db, Database database, IReadOnlyList<TableShape> tables, CancellationToken cancellationToken)
    {
        const string CharacterSets =
            """
            SELECT '' AS Item1, default_character_set_name AS Item2 FROM information_schema.schemata WHERE schema_name = DATABASE()
            UNION ALL
            SELECT t.table_name, c.character_set_name
            FROM information_schema.tables t
            JOIN information_schema.collation_character_set_applicability c ON c.collation_name = t.table_collation
            WHERE t.table_schema = DATABASE()
            """;
        var ours = tables.Select(table => table.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var found in await db.QueryToListAsync<CharacterSet>(CharacterSets, cancellationToken))
        {
            if (found.Item2.ToLowerInvariant() is "utf8mb4" or "utf8" or "utf8mb3" or "gbk" or "big5" or "gb18030")
            {
                continue;
            }

            if (found.Item1.Length == 0 || ours.Contains(found.Item1))
            {
                var what = found.Item1.Length == 0 ? "the database" : $"table {found.Item1}";
                throw new DatabaseUnavailableException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{database.Address.Label} stores text as {found.Item2} in {what}: convert it to utf8mb4 and start again"));
            }
        }
    }

    private sealed class CharacterSet
    {
        public string Item1 { get; set; } = "";

        public string Item2 { get; set; } = "";
    }
}
