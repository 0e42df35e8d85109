using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Options;

/// <summary>Stored options (specification: data model §3.5). A missing row means the default of the running version, so nothing is
/// ever stored on behalf of a default.</summary>
public sealed class OptionStore(Database database)
{
    /// <summary>All rows. Keys are case sensitive.</summary>
    public async Task<IReadOnlyDictionary<string, string>> LoadAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var row in db.StoredOptions.AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            options[row.Key] = row.Value;
        }

        return options;
    }

    /// <summary>One option, or null when no row exists.</summary>
    public async Task<string?> FindAsync(string key, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var rows = await db.StoredOptions.Where(row => row.Key == key).ToListAsync(cancellationToken);
        return rows.Find(row => row.Key == key)?.Value;
    }

    /// <summary>Stores one option.</summary>
    public Task SaveAsync(string key, string value, CancellationToken cancellationToken) =>
        SaveAsync([new(key, value)], cancellationToken);

    /// <summary>Stores several options in one transaction.</summary>
    public Task SaveAsync(IReadOnlyCollection<KeyValuePair<string, string>> options, CancellationToken cancellationToken) =>
        database.WriteAsync((db, ct) => SaveAsync(db, options, ct), cancellationToken);

    /// <summary>Stores several options in the caller's transaction.</summary>
    public static async Task SaveAsync(
        DataConnection db, IReadOnlyCollection<KeyValuePair<string, string>> options, CancellationToken cancellationToken)
    {
        // In one order everywhere, so that two savers cannot wait for each other's rows.
        foreach (var (key, value) in options.OrderBy(option => option.Key, StringComparer.Ordinal))
        {
            await db.StoredOptions.InsertOrUpdateAsync(
                () => new OptionRow { Key = key, Value = value },
                row => new OptionRow { Value = value },
                () => new OptionRow { Key = key },
                cancellationToken);
        }
    }

    /// <summary>Removes a row, so that the default holds again.</summary>
    public Task RemoveAsync(string key, CancellationToken cancellationToken) =>
        database.WriteAsync((db, ct) => db.StoredOptions.Where(row => row.Key == key).DeleteAsync(ct), cancellationToken);
}
