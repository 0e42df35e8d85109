using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Channels;

/// <summary>Keeps abilities, the routing index, equal to the channels they are derived from (specification: data model §3.4).</summary>
public sealed class AbilityStore(Database database)
{
    private const long Enabled = 1;
    private const int LongestGroup = 64;
    private const int LongestModel = 255;

    /// <summary>Replaces the abilities of a channel; to be called in the transaction that writes the channel.</summary>
    public static async Task RebuildAsync(DataConnection db, ChannelRow channel, CancellationToken cancellationToken)
    {
        await db.Abilities.Where(ability => ability.ChannelId == channel.Id).DeleteAsync(cancellationToken);
        await InsertAsync(db, Derive(channel), cancellationToken);
    }

    /// <summary>Removes the abilities of a channel; to be called in the transaction that deletes it.</summary>
    public static Task RemoveAsync(DataConnection db, long channelId, CancellationToken cancellationToken) =>
        db.Abilities.Where(ability => ability.ChannelId == channelId).DeleteAsync(cancellationToken);

    /// <summary>Switches the abilities of a channel; to be called in the transaction that sets its status.</summary>
    public static Task SwitchAsync(DataConnection db, long channelId, bool enabled, CancellationToken cancellationToken) =>
        db.Abilities.Where(ability => ability.ChannelId == channelId)
            .Set(ability => ability.Enabled, enabled)
            .UpdateAsync(cancellationToken);

    /// <summary>Rebuilds all abilities from all channels in one transaction, and returns how many there are now.</summary>
    public Task<int> RebuildAllAsync(CancellationToken cancellationToken) =>
        database.WriteAsync(
            async (db, ct) =>
            {
                await db.Abilities.DeleteAsync(ct);
                var channels = await db.Channels.ToListAsync(ct);
                await InsertAsync(db, [.. channels.SelectMany(Derive)], ct);
                return await db.Abilities.CountAsync(ct);
            },
            cancellationToken);

    /// <summary>One ability per group and model of the channel.</summary>
    public static IReadOnlyList<AbilityRow> Derive(ChannelRow channel)
    {
        var models = Split(channel.Models, LongestModel);
        return
        [
            .. from @group in Split(channel.Group, LongestGroup)
               from model in models
               select new AbilityRow
               {
                   Group = @group,
                   Model = model,
                   ChannelId = channel.Id,
                   Enabled = channel.Status == Enabled,
                   Priority = channel.Priority ?? 0,
                   Weight = Math.Max(channel.Weight ?? 0, 0),
                   Tag = channel.Tag,
               },
        ];
    }

    private static Task<BulkCopyRowsCopied> InsertAsync(
        DataConnection db, IReadOnlyList<AbilityRow> abilities, CancellationToken cancellationToken) =>
        // Names that an engine holds for equal, such as two spellings on MySQL, share a row.
        db.BulkCopyAsync(
            new BulkCopyOptions
            {
                BulkCopyType = BulkCopyType.MultipleRows,
                ConflictAction = ConflictAction.Ignore,
                UseParameters = true,
            },
            abilities,
            cancellationToken);

    // What the column cannot hold could never be matched anyway.
    private static string[] Split(string list, int longest) =>
    [
        .. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(item => item.Length <= longest)
            .Distinct(StringComparer.Ordinal),
    ];
}
