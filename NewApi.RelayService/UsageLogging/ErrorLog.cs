using System.Threading.Channels;
using Attempt = NewApi.RelayService.Channels.Attempt;
using LogRow = NewApi.Data.Rows.LogRow;
using NewApi.Data.Usage;
using NewApi.Domain;
using NewApi.ServiceDefaults;

namespace NewApi.RelayService.UsageLogging;

/// <summary>
/// Rows of type 5 for failed attempts, when the operator wants them (<c>ERROR_LOG_ENABLED</c>). They explain, they are not money: written
/// behind, and a row that finds the queue full is counted, not waited for.
/// </summary>
internal sealed class ErrorLog(UsageLogStore store, RelayOptions options, TimeProvider clock, ILogger<ErrorLog> log) : BackgroundService
{
    private const int ErrorType = 5;
    private const int LargestBatch = 200;

    private readonly Channel<LogRow> _rows = Channel.CreateBounded<LogRow>(
        new BoundedChannelOptions(4096) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    public void Append(RelayCall call, Attempt attempt, RelayFault fault)
    {
        if (!options.LogErrors)
        {
            return;
        }
        var caller = call.Caller;
        _rows.Writer.TryWrite(new LogRow
        {
            UserId = caller.UserId,
            CreatedAt = clock.GetUtcNow().ToUnixTimeSeconds(),
            Type = ErrorType,
            Content = $"status_code={fault.Status}, {fault.Message}",
            Username = caller.Username,
            TokenName = caller.TokenName,
            ModelName = call.Model.Length <= 191 ? call.Model : call.Model[..191],
            UseTime = (long)clock.GetElapsedTime(call.StartedAt).TotalSeconds,
            IsStream = call.Stream,
            ChannelId = attempt.Channel.Id,
            TokenId = caller.TokenId,
            Group = call.Group,
            Ip = caller.RecordsAddress ? ClientAddress.Of(call.Http).ToString() : "",
            RequestId = call.RequestId,
            Other = Other(call, attempt.Channel, fault),
        });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<LogRow>(LargestBatch);
        try
        {
            while (await _rows.Reader.WaitToReadAsync(stoppingToken))
            {
                while (batch.Count < LargestBatch && _rows.Reader.TryRead(out var row))
                {
                    batch.Add(row);
                }
                try
                {
                    await store.InsertAsync(batch, stoppingToken);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    log.ErrorLogFailed(batch.Count, error);
                }
                batch.Clear();
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private static string Other(RelayCall call, Channels.Channel channel, RelayFault fault)
    {
        var space = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new System.Text.Json.Utf8JsonWriter(space))
        {
            json.WriteStartObject();
            json.WriteString("request_path"u8, call.Http.Request.Path.Value);
            json.WriteString("error_type"u8, fault.Type);
            json.WriteString("error_code"u8, fault.Code);
            json.WriteNumber("status_code"u8, fault.Status);
            json.WriteNumber("channel_id"u8, channel.Id);
            json.WriteString("channel_name"u8, channel.Name);
            json.WriteNumber("channel_type"u8, channel.Profile.ChannelType);
            json.WriteStartObject("admin_info"u8);
            AttemptFields.Write(json, call);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(space.WrittenSpan);
    }
}
