using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Settings;

/// <summary>Stores options inside of somebody's transaction; publishing the change after the commit is theirs.</summary>
internal static class OptionWrites
{
    public static async Task StoreAsync(DataConnection db, string key, string value, CancellationToken ct)
    {
        foreach (var (name, text) in OptionCatalog.RowsFor(key, value))
        {
            var updated = await db.GetTable<OptionRow>().Where(row => row.Key == name).Set(row => row.Value, text).UpdateAsync(ct);
            if (updated == 0 && !await db.GetTable<OptionRow>().AnyAsync(row => row.Key == name, ct))
            {
                await db.InsertAsync(new OptionRow { Key = name, Value = text }, token: ct);
            }
        }
    }
}
