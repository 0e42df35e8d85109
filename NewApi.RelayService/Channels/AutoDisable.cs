using System.Threading.Channels;
using LogRow = NewApi.Data.Rows.LogRow;
using NewApi.Data.Changes;
using NewApi.Data.Channels;
using NewApi.Data.Usage;
using NewApi.Domain;
using NewApi.Domain.Options;

namespace NewApi.RelayService.Channels;

/// <summary>
/// Disables channels and keys that upstreams refuse for good, when the operator wants that (specification: relay §3.15). The verdict is made
/// on what the upstream really said; the writing happens behind the call's back.
/// </summary>
internal sealed class AutoDisable(
    ChannelStatusStore store, UsageLogStore logs, IChangeSignal changes, TimeProvider clock, ILogger<AutoDisable> log) : BackgroundService
{
    private const int SystemType = 4;

    private readonly Channel<Order> _orders = System.Threading.Channels.Channel.CreateBounded<Order>(
        new BoundedChannelOptions(256) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>
    /// Credentials act at once: 401 if it is among the statuses that disable, the operator's keywords, and faults of the channel's own
    /// settings. Every other status needs the failure budget of the breaker to be used up: one bad minute of an upstream disables nothing.
    /// </summary>
    /// <param name="raw">The fault before statuses are mapped and texts are masked.</param>
    /// <param name="options">Options of the gateway.</param>
    /// <param name="exhausted">The failure budget is used up.</param>
    public static bool IsDue(RelayFault raw, GatewayOptions options, bool exhausted)
    {
        if (!options.AutomaticDisableChannelEnabled || raw.Final)
        {
            return false;
        }
        if (raw.Code.StartsWith("channel:", StringComparison.Ordinal))
        {
            return true;
        }
        // What the gateway says of a silent upstream is no verdict of that upstream.
        if (!raw.FromUpstream && raw.Leg != Leg.Headers)
        {
            return false;
        }
        var message = (raw.Unmasked ?? raw.Message).ToLowerInvariant();
        foreach (var keyword in options.AutomaticDisableKeywords)
        {
            if (keyword.Length > 0 && message.Contains(keyword, StringComparison.Ordinal))
            {
                return true;
            }
        }
        return options.AutomaticDisableStatusCodes.Contains(raw.Status) && (raw.Status == 401 || exhausted);
    }

    /// <summary>An attempt failed.</summary>
    public void Judge(RelayCall call, Attempt attempt, RelayFault raw, bool exhausted)
    {
        if (!attempt.Channel.AutoBan || !IsDue(raw, call.Snapshot.Options, exhausted))
        {
            return;
        }
        // Settings and missing keys are the channel's fault, whichever key was to be used.
        var key = raw.Code.StartsWith("channel:", StringComparison.Ordinal) ? null : attempt.Key;
        var reason = $"status_code={raw.Status}, code={raw.Code}, {raw.Message} (model {call.Model}{(call.Stream ? ", stream" : "")})";
        _orders.Writer.TryWrite(new Order(attempt.Channel.Id, attempt.Channel.Name, key?.Index ?? 0, key?.Secret, reason));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var order in _orders.Reader.ReadAllAsync(stoppingToken))
            {
                try
                {
                    await DisableAsync(order, stoppingToken);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    log.DisableFailed(order.ChannelId, error);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; the next failure judges again.
        }
    }

    private async Task DisableAsync(Order order, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var outcome = await store.DisableAsync(order.ChannelId, order.KeyIndex, order.Key, order.Reason, now, cancel);
        if (outcome == DisableOutcome.Nothing)
        {
            return;
        }
        await changes.PublishAsync(ChangeTopic.Channels, order.ChannelId.ToString(), CancellationToken.None);
        var what = outcome == DisableOutcome.Key ? $"Key {order.KeyIndex} of channel" : "Channel";
        log.Disabled(what, order.ChannelId);
        if (await store.FindRootAsync(cancel) is { } root)
        {
            await logs.InsertAsync(
                [
                    new LogRow
                    {
                        UserId = root.Id,
                        Username = root.Username,
                        CreatedAt = now,
                        Type = SystemType,
                        ChannelId = order.ChannelId,
                        Content = $"{what} {order.ChannelId} ({order.ChannelName}) was disabled automatically: {order.Reason}",
                    },
                ],
                cancel);
        }
    }

    /// <summary>Never logged: it holds a key.</summary>
    private sealed class Order(long channelId, string channelName, int keyIndex, string? key, string reason)
    {
        public long ChannelId => channelId;

        public string ChannelName => channelName;

        public int KeyIndex => keyIndex;

        public string? Key => key;

        public string Reason => reason;
    }
}
