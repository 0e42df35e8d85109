using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Channels;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Channels;

/// <summary>
/// Channel writes. Abilities are derived from channels, so they are rebuilt in the transaction that changes a channel; the change is told
/// after the commit.
/// </summary>
internal sealed class ChannelWrites(Database database, AbilityStore abilities, IChangeSignal changes)
{
    public async Task<List<long>> InsertAsync(IReadOnlyList<ChannelRow> rows, CancellationToken ct)
    {
        var ids = await database.WriteAsync(
            async (db, token) =>
            {
                var created = new List<long>(rows.Count);
                foreach (var row in rows)
                {
                    row.Id = await db.InsertWithInt64IdentityAsync(row, token: token);
                    await AbilityStore.RebuildAsync(db, row, token);
                    created.Add(row.Id);
                }
                return created;
            },
            ct);
        await PublishAsync(ids.Count == 1 ? ids[0] : null);
        return ids;
    }

    /// <summary>
    /// Reads the row under its lock, lets <paramref name="change"/> edit it, and stores the result; false from it leaves everything as it was.
    /// Null when there is no such channel.
    /// </summary>
    public async Task<ChannelRow?> EditAsync(long id, Func<ChannelRow, bool> change, CancellationToken ct)
    {
        var edited = await database.WriteAsync(
            async (db, token) =>
            {
                await db.Channels.Where(row => row.Id == id).Set(row => row.Status, row => row.Status).UpdateAsync(token);
                if (await db.Channels.FirstOrDefaultAsync(row => row.Id == id, token) is not { } row)
                {
                    return null;
                }
                if (change(row))
                {
                    await StoreAsync(db, row, token);
                }
                return row;
            },
            ct);
        if (edited is not null)
        {
            await PublishAsync(id);
        }
        return edited;
    }

    /// <summary>Edits every channel of a query in one transaction; answers how many there were.</summary>
    public async Task<int> EditManyAsync(
        Func<IQueryable<ChannelRow>, IQueryable<ChannelRow>> which, Action<ChannelRow> change, CancellationToken ct)
    {
        var count = await database.WriteAsync(
            async (db, token) =>
            {
                var rows = await which(db.Channels).ToListAsync(token);
                foreach (var row in rows)
                {
                    change(row);
                    await StoreAsync(db, row, token);
                }
                return rows.Count;
            },
            ct);
        await PublishAsync(null);
        return count;
    }

    public async Task<int> DeleteAsync(Func<IQueryable<ChannelRow>, IQueryable<ChannelRow>> which, CancellationToken ct)
    {
        var count = await database.WriteAsync(
            async (db, token) =>
            {
                var ids = await which(db.Channels).Select(row => row.Id).ToListAsync(token);
                foreach (var some in ids.Chunk(500))
                {
                    await db.Abilities.Where(ability => some.Contains(ability.ChannelId)).DeleteAsync(token);
                    await db.Channels.Where(row => some.Contains(row.Id)).DeleteAsync(token);
                }
                return ids.Count;
            },
            ct);
        await PublishAsync(null);
        return count;
    }

    /// <summary>Derives all abilities anew; answers how many there are.</summary>
    public async Task<int> RepairAsync(CancellationToken ct)
    {
        var count = await abilities.RebuildAllAsync(ct);
        await PublishAsync(null);
        return count;
    }

    /// <summary>
    /// Writes what people edit and nothing that other processes count: use, balance and test results stay out, so that an edit never undoes them.
    /// </summary>
    private static async Task StoreAsync(DataConnection db, ChannelRow row, CancellationToken ct)
    {
        await db.Channels.Where(stored => stored.Id == row.Id)
            .Set(stored => stored.Type, row.Type)
            .Set(stored => stored.Key, row.Key)
            .Set(stored => stored.OpenAiOrganization, row.OpenAiOrganization)
            .Set(stored => stored.TestModel, row.TestModel)
            .Set(stored => stored.Status, row.Status)
            .Set(stored => stored.Name, row.Name)
            .Set(stored => stored.Weight, row.Weight)
            .Set(stored => stored.BaseUrl, row.BaseUrl)
            .Set(stored => stored.Other, row.Other)
            .Set(stored => stored.Models, row.Models)
            .Set(stored => stored.Group, row.Group)
            .Set(stored => stored.ModelMapping, row.ModelMapping)
            .Set(stored => stored.StatusCodeMapping, row.StatusCodeMapping)
            .Set(stored => stored.Priority, row.Priority)
            .Set(stored => stored.AutoBan, row.AutoBan)
            .Set(stored => stored.OtherInfo, row.OtherInfo)
            .Set(stored => stored.Tag, row.Tag)
            .Set(stored => stored.Setting, row.Setting)
            .Set(stored => stored.ParamOverride, row.ParamOverride)
            .Set(stored => stored.HeaderOverride, row.HeaderOverride)
            .Set(stored => stored.Remark, row.Remark)
            .Set(stored => stored.ChannelInfo, row.ChannelInfo)
            .Set(stored => stored.Settings, row.Settings)
            .UpdateAsync(ct);
        await AbilityStore.RebuildAsync(db, row, ct);
    }

    private Task PublishAsync(long? id) => changes.PublishAsync(ChangeTopic.Channels, id?.ToString(), CancellationToken.None);
}
