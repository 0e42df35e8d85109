using System.Threading.Channels;
using NewApi.Data.Channels;
using NewApi.Domain;

namespace NewApi.RelayService.Channels;

/// <summary>
/// Disables channels and keys that upstreams refuse for good, when the operator wants that (specification: relay §3.15). The verdict is made
/// on what the upstream really said; the writing happens behind the call's back.
/// </summary>
internal sealed class AutoDisable(ChannelStatusStore store, ILogger<AutoDisable> log) : BackgroundService
{
    private readonly Channel<Order> _orders = System.Threading.Channels.Channel.CreateBounded<Order>(
        new BoundedChannelOptions(256) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>An attempt failed.</summary>
    public void Judge(RelayCall call, Attempt attempt, RelayFault raw, bool exhausted)
    {
        if (!attempt.Channel.AutoBan || !DisableRule.IsDue(raw, call.Snapshot.Options, exhausted))
        {
            return;
        }
        var key = DisableRule.IsOfChannel(raw) ? null : attempt.Key;
        _orders.Writer.TryWrite(new Order(attempt.Channel.Id, key?.Index ?? 0, key?.Secret, DisableRule.ReasonOf(raw, call.Model, call.Stream)));
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
        var change = await store.DisableAsync(order.ChannelId, order.KeyIndex, order.Key, order.Reason, cancel);
        if (change != StatusChange.Nothing)
        {
            log.Disabled(change == StatusChange.Key ? $"Key {order.KeyIndex} of channel" : "Channel", order.ChannelId);
        }
    }

    /// <summary>Never logged: it holds a key.</summary>
    private sealed class Order(long channelId, int keyIndex, string? key, string reason)
    {
        public long ChannelId => channelId;

        public int KeyIndex => keyIndex;

        public string? Key => key;

        public string Reason => reason;
    }
}
