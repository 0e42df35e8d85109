using System.Text.Json;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.Data.Channels;

/// <summary>What disabling came to.</summary>
public enum DisableOutcome
{
    /// <summary>It was disabled already, may not be disabled, or its key has been replaced meanwhile.</summary>
    Nothing,

    /// <summary>One key of several.</summary>
    Key,

    Channel,
}

/// <summary>Switches channels and single keys off on the gateway's own account (specification: relay §3.12, §3.15).</summary>
public sealed class ChannelStatusStore(Database database)
{
    private const long Enabled = 1;
    private const long DisabledAutomatically = 3;
    private const long Root = 100;

    /// <summary>
    /// Disables the key that was refused: of a channel with several only that one, and the channel with its last. A channel that an
    /// administrator has changed meanwhile is left as it is.
    /// </summary>
    /// <param name="channelId">The channel.</param>
    /// <param name="index">Place of the key in the row.</param>
    /// <param name="key">The key that was used; null disables the channel whatever its keys.</param>
    /// <param name="reason">For administrators.</param>
    /// <param name="now">Unix seconds.</param>
    /// <param name="cancellationToken">Cancels the transaction.</param>
    public Task<DisableOutcome> DisableAsync(
        long channelId, int index, string? key, string reason, long now, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async (db, cancel) =>
            {
                // The row's lock: an edit under way is let through first.
                await db.Channels.Where(row => row.Id == channelId).Set(row => row.Status, row => row.Status).UpdateAsync(cancel);
                var row = await db.Channels.FirstOrDefaultAsync(row => row.Id == channelId, cancel);
                if (row is not { Status: Enabled } || row.AutoBan == 0)
                {
                    return DisableOutcome.Nothing;
                }

                var outcome = Disable(row, index, key, reason, now);
                if (outcome == DisableOutcome.Nothing)
                {
                    return outcome;
                }

                await db.Channels.Where(stored => stored.Id == channelId)
                    .Set(stored => stored.Status, row.Status)
                    .Set(stored => stored.OtherInfo, row.OtherInfo)
                    .Set(stored => stored.ChannelInfo, row.ChannelInfo)
                    .UpdateAsync(cancel);
                if (outcome == DisableOutcome.Channel)
                {
                    await AbilityStore.SwitchAsync(db, channelId, enabled: false, cancel);
                }

                return outcome;
            },
            cancellationToken);

    /// <summary>The account that hears of the gateway's own acts; null before the setup.</summary>
    public async Task<(long Id, string Username)?> FindRootAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var root = await db.Users.Where(user => user.Role == Root).OrderBy(user => user.Id).FirstOrDefaultAsync(cancellationToken);
        return root is null ? null : (root.Id, root.Username);
    }

    private static DisableOutcome Disable(ChannelRow row, int index, string? key, string reason, long now)
    {
        var info = ObjectOf(row.ChannelInfo);
        if (info?["is_multi_key"]?.GetValueKind() != JsonValueKind.True || key is null)
        {
            if (key is not null && row.Key.Trim() != key)
            {
                return DisableOutcome.Nothing;
            }

            DisableWhole(row, reason, now);
            return DisableOutcome.Channel;
        }

        var keys = KeyList.Split(row.Key);
        var name = index.ToString();
        if (index >= keys.Count || keys[index] != key || StatusOf(info, name) != Enabled)
        {
            return DisableOutcome.Nothing;
        }

        Member(info, "multi_key_status_list")[name] = DisabledAutomatically;
        Member(info, "multi_key_disabled_reason")[name] = reason;
        Member(info, "multi_key_disabled_time")[name] = now;
        row.ChannelInfo = info.ToJsonString();
        if (Enumerable.Range(0, keys.Count).Any(other => StatusOf(info, other.ToString()) == Enabled))
        {
            return DisableOutcome.Key;
        }

        DisableWhole(row, "All keys are disabled; the last one: " + reason, now);
        return DisableOutcome.Channel;
    }

    private static void DisableWhole(ChannelRow row, string reason, long now)
    {
        var info = ObjectOf(row.OtherInfo) ?? [];
        info["status_reason"] = reason;
        info["status_time"] = now;
        row.OtherInfo = info.ToJsonString();
        row.Status = DisabledAutomatically;
    }

    private static long StatusOf(JsonObject info, string index) =>
        info["multi_key_status_list"] is JsonObject list && list[index] is JsonValue value && value.TryGetValue<long>(out var status)
            ? status
            : Enabled;

    private static JsonObject Member(JsonObject info, string name)
    {
        if (info[name] is not JsonObject member)
        {
            info[name] = member = [];
        }

        return member;
    }

    private static JsonObject? ObjectOf(string? json)
    {
        try
        {
            return string.IsNullOrWhiteSpace(json) ? null : JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
