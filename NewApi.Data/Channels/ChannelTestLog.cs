using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Data.Usage;
using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;

namespace NewApi.Data.Channels;

/// <summary>
/// The usage log's line for a test of a channel: who answered, how fast, and what the same call would have cost at ratio 1. Nobody pays, so the
/// line's own amount is nothing and the sums of the log stay those of the ledger.
/// </summary>
public sealed class ChannelTestLog(UsageLogStore logs, ChannelStatusStore accounts, TimeProvider clock)
{
    private const string Name = "model test";
    private const int Consume = 2;

    /// <param name="channel">The channel that answered.</param>
    /// <param name="model">The model as callers name it.</param>
    /// <param name="usage">What the upstream reported.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="stream">It was asked to stream.</param>
    /// <param name="options">Options of the gateway.</param>
    /// <param name="cancel">Cancels the writing.</param>
    public async Task WriteAsync(
        ChannelRow channel, string model, Domain.Usage usage, TimeSpan elapsed, bool stream, GatewayOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(options);
        if (!options.LogConsumeEnabled || await accounts.FindRootAsync(cancel) is not { } root)
        {
            return;
        }
        var price = new PriceBook(options).Find(model, "", "", acceptUnset: true)! with { GroupRatio = 1, UserGroupRatio = null };
        var charge = price.For(usage with { CacheRead = null, CacheWrite = null, CacheWrite5m = null, CacheWrite1h = null }, default);
        await logs.InsertAsync(
            [
                new LogRow
                {
                    UserId = root.Id,
                    Username = root.Username,
                    CreatedAt = clock.GetUtcNow().ToUnixTimeSeconds(),
                    Type = Consume,
                    Content = Name,
                    TokenName = Name,
                    ModelName = model,
                    PromptTokens = charge.PromptTokens,
                    CompletionTokens = charge.CompletionTokens,
                    UseTime = (long)elapsed.TotalSeconds,
                    IsStream = stream,
                    ChannelId = channel.Id,
                    Other = Other(charge),
                },
            ],
            cancel);
    }

    private static string Other(Charge charge)
    {
        var space = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(space))
        {
            json.WriteStartObject();
            charge.WriteOther(json);
            json.WriteNumber("test_quota"u8, charge.Quota.Points);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(space.WrittenSpan);
    }
}
