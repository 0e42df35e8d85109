using LinqToDB.Data;
using NewApi.Data.Options;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Settings;

/// <summary>Stores options inside of somebody's transaction; publishing the change after the commit is theirs.</summary>
internal static class OptionWrites
{
    public static Task StoreAsync(DataConnection db, string key, string value, CancellationToken ct) =>
        OptionStore.SaveAsync(db, OptionCatalog.RowsFor(key, value), ct);
}
