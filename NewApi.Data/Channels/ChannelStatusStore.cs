using System.Text.Json;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Changes;
using NewApi.Data.Notices;
using NewApi.Data.Rows;
using NewApi.Data.Usage;

namespace NewApi.Data.Channels;

/// <summary>What was switched.</summary>
public enum StatusChange
{
    /// <summary>It was so already, may not be switched, or its key has been replaced meanwhile.</summary>
    Nothing,

    /// <summary>One key of several.</summary>
    Key,

    Channel,
}

/// <summary>
/// Switches channels and single keys off and on again on the gateway's own account (specification: relay §3.12, §3.15). Root hears of it:
/// the notice commits with the change, the line in the log and the news for other processes follow it.
/// </summary>
public sealed class ChannelStatusStore(Database database, UsageLogStore logs, IChangeSignal changes, TimeProvider clock)
{
    /// <summary>What receivers of webhooks know these notices by.</summary>
    public const string Kind = "channel_update";

    private const long Root = 100;
    private const int SystemType = 4;
    private const int MostNotices = 20;

    private static readonly TimeSpan NoticeWindow = TimeSpan.FromHours(1);

    /// <summary>
    /// Disables the key that was refused: of a channel with several only that one, and the channel with its last. A channel that an
    /// administrator has changed meanwhile is left as it is.
    /// </summary>
    /// <param name="channelId">The channel.</param>
    /// <param name="index">Place of the key in the row.</param>
    /// <param name="key">The key that was used; null disables the channel whatever its keys.</param>
    /// <param name="reason">For administrators.</param>
    /// <param name="cancellationToken">Cancels the transaction.</param>
    public Task<StatusChange> DisableAsync(long channelId, int index, string? key, string reason, CancellationToken cancellationToken) =>
        SwitchAsync(
            channelId,
            index,
            (row, now) => row.Status == ChannelStatus.Enabled && row.AutoBan != 0 ? Disable(row, index, key, reason, now) : StatusChange.Nothing,
            "is disabled",
            "was disabled automatically: " + reason,
            cancellationToken);

    /// <summary>
    /// Enables what a test has found in order: the key that passed, if the gateway disabled it, and with it the channel. What an
    /// administrator has disabled stays so.
    /// </summary>
    /// <param name="channelId">The channel.</param>
    /// <param name="index">Place of the key in the row.</param>
    /// <param name="key">The key that was used.</param>
    /// <param name="cancellationToken">Cancels the transaction.</param>
    public Task<StatusChange> EnableAsync(long channelId, int index, string key, CancellationToken cancellationToken) =>
        SwitchAsync(
            channelId, index, (row, _) => Enable(row, index, key), "is enabled again", "passed a test and was enabled again", cancellationToken);

    /// <summary>When a channel was disabled (unix seconds); 0 when nobody noted it.</summary>
    public static long DisabledAt(ChannelRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return ObjectOf(row.OtherInfo)["status_time"] is JsonValue value && value.TryGetValue<long>(out var at) ? at : 0;
    }

    /// <summary>The account that hears of the gateway's own acts; null before the setup.</summary>
    public async Task<(long Id, string Username)?> FindRootAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        return await FindRootAsync(db, cancellationToken);
    }

    private static async Task<(long Id, string Username)?> FindRootAsync(DataConnection db, CancellationToken cancel)
    {
        var root = await db.Users.Where(user => user.Role == Root).OrderBy(user => user.Id).FirstOrDefaultAsync(cancel);
        return root is null ? null : (root.Id, root.Username);
    }

    private async Task<StatusChange> SwitchAsync(
        long channelId, int index, Func<ChannelRow, long, StatusChange> decide, string title, string what, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var (change, text, root) = await database.WriteAsync(
            async (db, cancel) =>
            {
                // The row's lock: an edit under way is let through first.
                await db.Channels.Where(row => row.Id == channelId).Set(row => row.Status, row => row.Status).UpdateAsync(cancel);
                if (await db.Channels.FirstOrDefaultAsync(row => row.Id == channelId, cancel) is not { } row)
                {
                    return (StatusChange.Nothing, "", default((long Id, string Username)?));
                }

                var before = row.Status;
                var change = decide(row, now);
                if (change == StatusChange.Nothing)
                {
                    return (change, "", null);
                }

                await db.Channels.Where(stored => stored.Id == channelId)
                    .Set(stored => stored.Status, row.Status)
                    .Set(stored => stored.OtherInfo, row.OtherInfo)
                    .Set(stored => stored.ChannelInfo, row.ChannelInfo)
                    .UpdateAsync(cancel);
                if (row.Status != before)
                {
                    await AbilityStore.SwitchAsync(db, channelId, row.Status == ChannelStatus.Enabled, cancel);
                }

                var subject = change == StatusChange.Key ? $"Key {index} of channel {channelId} ({row.Name})" : $"Channel {channelId} ({row.Name})";
                var text = $"{subject} {what}";
                var root = await FindRootAsync(db, cancel);
                if (root is { } account)
                {
                    await NoticeStore.AddAsync(db, account.Id, Kind, $"{subject} {title}", text, MostNotices, NoticeWindow, now, cancel);
                }

                return (change, text, root);
            },
            cancellationToken);
        if (change == StatusChange.Nothing)
        {
            return change;
        }

        await changes.PublishAsync(ChangeTopic.Channels, channelId.ToString(), CancellationToken.None);
        if (root is { } owner)
        {
            await logs.InsertAsync(
                [
                    new LogRow
                    {
                        UserId = owner.Id,
                        Username = owner.Username,
                        CreatedAt = now,
                        Type = SystemType,
                        ChannelId = channelId,
                        Content = text,
                    },
                ],
                cancellationToken);
        }

        return change;
    }

    private static StatusChange Disable(ChannelRow row, int index, string? key, string reason, long now)
    {
        var info = MultiKeyInfo.Parse(row.ChannelInfo);
        if (!info.IsMultiKey || key is null)
        {
            if (key is not null && row.Key.Trim() != key)
            {
                return StatusChange.Nothing;
            }

            DisableWhole(row, reason, now);
            return StatusChange.Channel;
        }

        var keys = KeyList.Split(row.Key);
        if (index >= keys.Count || keys[index] != key || info.StatusOf(index) != ChannelStatus.Enabled)
        {
            return StatusChange.Nothing;
        }

        info.Disable(index, reason, now);
        row.ChannelInfo = info.ToString();
        if (Enumerable.Range(0, keys.Count).Any(other => info.StatusOf(other) == ChannelStatus.Enabled))
        {
            return StatusChange.Key;
        }

        DisableWhole(row, "All keys are disabled; the last one: " + reason, now);
        return StatusChange.Channel;
    }

    private static StatusChange Enable(ChannelRow row, int index, string key)
    {
        if (row.Status is not (ChannelStatus.Enabled or ChannelStatus.DisabledAutomatically))
        {
            return StatusChange.Nothing;
        }

        var info = MultiKeyInfo.Parse(row.ChannelInfo);
        var keys = info.IsMultiKey ? KeyList.Split(row.Key) : [row.Key.Trim()];
        var status = info.IsMultiKey ? info.StatusOf(index) : ChannelStatus.Enabled;
        if (index >= keys.Count || keys[index] != key || status == ChannelStatus.DisabledByHand
            || (status == ChannelStatus.Enabled && row.Status == ChannelStatus.Enabled))
        {
            return StatusChange.Nothing;
        }

        if (status == ChannelStatus.DisabledAutomatically)
        {
            info.Enable(index);
            row.ChannelInfo = info.ToString();
        }

        if (row.Status == ChannelStatus.Enabled)
        {
            return StatusChange.Key;
        }

        var other = ObjectOf(row.OtherInfo);
        other.Remove("status_reason");
        other.Remove("status_time");
        row.OtherInfo = other.ToJsonString();
        row.Status = ChannelStatus.Enabled;
        return StatusChange.Channel;
    }

    private static void DisableWhole(ChannelRow row, string reason, long now)
    {
        var info = ObjectOf(row.OtherInfo);
        info["status_reason"] = reason;
        info["status_time"] = now;
        row.OtherInfo = info.ToJsonString();
        row.Status = ChannelStatus.DisabledAutomatically;
    }

    private static JsonObject ObjectOf(string? json)
    {
        try
        {
            return string.IsNullOrWhiteSpace(json) ? [] : JsonNode.Parse(json) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
