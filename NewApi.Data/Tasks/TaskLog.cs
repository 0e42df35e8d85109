using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Domain.Pricing;
using NewApi.Domain.Tasks;

namespace NewApi.Data.Tasks;

/// <summary>What the usage log says of a task (specification: billing §10).</summary>
public static class TaskLog
{
    /// <summary>The price and what multiplied it, as members of <c>other</c>.</summary>
    public static void WritePrice(Utf8JsonWriter json, TaskPrice price, IReadOnlyDictionary<string, decimal> factors)
    {
        json.WriteBoolean("is_task"u8, true);
        json.WriteNumber("model_ratio"u8, price.ModelRatio);
        json.WriteNumber("model_price"u8, price.PerCall ?? -1);
        json.WriteNumber("group_ratio"u8, price.GroupRatio);
        json.WriteNumber("user_group_ratio"u8, price.UserGroupRatio ?? -1);
        if (price.ByFormula)
        {
            json.WriteString("billing_mode"u8, "tiered_expr"u8);
        }
        if (!price.Unmultiplied)
        {
            foreach (var (name, factor) in factors)
            {
                json.WriteNumber(name, factor);
            }
        }
    }

    /// <summary>The row of what moved at the end of a task.</summary>
    internal static LogRow OfEnd(StoredTask task, TaskNews news, long points)
    {
        var own = task.Facts.Own!;
        var space = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(space))
        {
            json.WriteStartObject();
            WritePrice(json, own.Price, news.Factors ?? own.Factors);
            json.WriteString("task_id"u8, task.Id);
            json.WriteString("reason"u8, news.State == TaskState.Failed ? news.Reason : "settled by what the upstream reported");
            json.WriteNumber("pre_consumed_quota"u8, task.Row.Quota);
            json.WriteNumber("actual_quota"u8, points);
            if (news.Tokens is { } tokens)
            {
                json.WriteNumber("total_tokens"u8, tokens);
            }
            json.WriteString("request_path"u8, own.Path);
            json.WriteString("billing_source"u8, task.Facts.BillingSource);
            json.WriteEndObject();
        }
        return new LogRow
        {
            Content = news.State == TaskState.Failed ? $"Task {task.Id} failed; what it cost is given back." : $"Task {task.Id} is settled.",
            Username = own.Username,
            TokenName = own.TokenName,
            ModelName = task.Model,
            CompletionTokens = news.Tokens ?? 0,
            Group = task.Row.Group,
            Other = Encoding.UTF8.GetString(space.WrittenSpan),
        };
    }
}
