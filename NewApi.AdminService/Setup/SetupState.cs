using LinqToDB.Async;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Setup;

/// <summary>Whether the installation is set up: once true it stays true.</summary>
internal sealed class SetupState(Database database)
{
    private volatile bool _done;

    public async ValueTask<bool> IsDoneAsync(CancellationToken ct)
    {
        if (_done)
        {
            return true;
        }
        await using var db = database.Open();
        return _done = await db.Setups.AnyAsync(ct);
    }
}
