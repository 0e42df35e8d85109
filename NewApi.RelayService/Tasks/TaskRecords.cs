using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.RelayService.Channels;
using NewApi.RelayService.UsageLogging;
using NewApi.ServiceDefaults;

namespace NewApi.RelayService.Tasks;

/// <summary>Makes the row of the usage log of an accepted task; the ledger fills in ids, amount, type and time.</summary>
internal sealed class TaskRecords(TimeProvider clock)
{
    public LogRow Make(TaskCall work, Channel channel, string model, ChannelKey key, Quota? cost)
    {
        var (call, task) = (work.Call, work.Task!);
        return new LogRow
        {
            Content = $"Task {task.Id}, {task.Row.Action}.",
            Username = call.Caller.Username,
            TokenName = call.Caller.TokenName,
            ModelName = call.Model,
            UseTime = (long)clock.GetElapsedTime(call.StartedAt).TotalSeconds,
            Group = call.Group,
            Ip = call.Caller.RecordsAddress ? ClientAddress.Of(call.Http).ToString() : "",
            Other = Other(work, channel, model, key, cost),
        };
    }

    private static string Other(TaskCall work, Channel channel, string model, ChannelKey key, Quota? cost)
    {
        var (call, task) = (work.Call, work.Task!);
        var space = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(space))
        {
            json.WriteStartObject();
            TaskLog.WritePrice(json, task.Facts.Own!.Price, work.Factors);
            json.WriteString("task_id"u8, task.Id);
            json.WriteString("action"u8, task.Row.Action);
            json.WriteString("request_path"u8, call.Http.Request.Path.Value);
            if (model != call.Model)
            {
                json.WriteBoolean("is_model_mapped"u8, true);
                json.WriteString("upstream_model_name"u8, model);
            }
            json.WriteString("billing_source"u8, task.Facts.BillingSource);
            if (task.Facts.SubscriptionId is { } subscription)
            {
                json.WriteNumber("subscription_id"u8, subscription);
            }
            json.WriteStartObject("admin_info"u8);
            AttemptFields.Write(json, call);
            if (channel.IsMultiKey)
            {
                json.WriteBoolean("is_multi_key"u8, true);
                json.WriteNumber("multi_key_index"u8, key.Index);
            }
            if (cost is { } known)
            {
                json.WriteNumber("purchase_quota"u8, known.Points);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(space.WrittenSpan);
    }
}
