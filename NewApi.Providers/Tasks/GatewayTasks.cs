using System.Text.Json;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Tasks;

/// <summary>
/// Answers of another gateway of this kind, which may stand where a provider is expected: <c>{"code":"success","data":{…}}</c> with one task
/// or a list, and OpenAI's video object.
/// </summary>
internal static class GatewayTasks
{
    /// <summary>Null when it is something else.</summary>
    public static TaskReceipt? ReceiptOf(JsonElement answer) =>
        answer.Word("object"u8) == "video" && answer.Word("id"u8) is { Length: > 0 } id ? TaskReceipt.Accepted(id, answer) : null;

    /// <inheritdoc cref="ReceiptOf"/>
    public static IReadOnlyList<TaskReport>? ReportsOf(JsonElement answer)
    {
        if (answer.Word("object"u8) == "video")
        {
            return [VideoOf(answer)];
        }
        if (answer.Word("code"u8) != "success" || answer.Find("data"u8) is not { } data)
        {
            return null;
        }
        return data.ValueKind == JsonValueKind.Array ? [.. data.EnumerateArray().Select(TaskOf)]
            : data.Word("task_id"u8) is not null ? [TaskOf(data)]
            : null;
    }

    /// <summary><c>{"code":"task_not_exist","message":"…","data":null}</c>, with status 400.</summary>
    public static bool SaysMissing(ReadOnlySpan<byte> refusal)
    {
        try
        {
            var reader = new Utf8JsonReader(refusal);
            return JsonElement.ParseValue(ref reader) is { ValueKind: JsonValueKind.Object } said && said.Word("code"u8) == "task_not_exist";
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary><c>{"id":"video_1","object":"video","status":"in_progress","progress":40,"error":null,"metadata":{"url":"https://…"}}</c></summary>
    public static TaskReport VideoOf(JsonElement video)
    {
        var state = video.Word("status"u8) switch
        {
            "queued" => TaskState.Queued,
            "in_progress" or "processing" => TaskState.InProgress,
            "completed" => TaskState.Succeeded,
            "failed" or "cancelled" => TaskState.Failed,
            _ => TaskState.Unknown,
        };
        return new TaskReport
        {
            UpstreamId = video.Word("id"u8) ?? "",
            State = state,
            Progress = PercentOf(OwnUsage.Count(video, "progress"u8)),
            Url = video.Find("metadata"u8)?.Word("url"u8) is { Length: > 0 } url && !url.EndsWith("/content", StringComparison.Ordinal) ? url : null,
            Reason = video.Find("error"u8)?.Word("message"u8),
            Tokens = OwnUsage.Count(video.Find("usage"u8), "total_tokens"u8),
            Data = video,
        };
    }

    private static TaskReport TaskOf(JsonElement task)
    {
        var state = TaskStates.Parse(task.Word("status"u8));
        var reason = task.Word("fail_reason"u8);
        return new TaskReport
        {
            UpstreamId = task.Word("task_id"u8) ?? "",
            State = state,
            Progress = int.TryParse(task.Word("progress"u8)?.TrimEnd('%'), out var percent) ? PercentOf(percent) : null,
            // Old gateways keep the address where a failed task has its reason.
            Url = task.Word("result_url"u8) is { Length: > 0 } url ? url
                : state == TaskState.Succeeded && reason?.StartsWith("http", StringComparison.Ordinal) == true ? reason : null,
            Reason = state == TaskState.Failed ? reason : null,
            Data = task.Find("data"u8) is { ValueKind: JsonValueKind.Object or JsonValueKind.Array } data ? data : task,
        };
    }

    private static int? PercentOf(long? progress) => progress is { } known ? (int)Math.Clamp(known, 0, 100) : null;
}
