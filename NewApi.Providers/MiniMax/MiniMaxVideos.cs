using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.MiniMax;

/// <summary>MiniMax's Hailuo films. A finished one is a file, whose address is asked for.</summary>
internal sealed class MiniMaxVideos : TaskService
{
    public override string ActionOf(TaskOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return order.Images.Count > 1 ? TaskActions.FromFirstAndLast : base.ActionOf(order);
    }

    protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order) => Post(message, "/v1/video_generation", Payload(order, message.Model));

    /// <summary><c>{"task_id":"106916112212032","base_resp":{"status_code":0,"status_msg":"success"}}</c></summary>
    protected override TaskReceipt ReadReceipt(JsonElement answer)
    {
        ThrowUnlessFine(answer);
        return TaskReceipt.Accepted(answer.Word("task_id"u8) ?? "", answer);
    }

    protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) =>
        Get(message, "/v1/query/video_generation?task_id=" + Uri.EscapeDataString(tasks[0].UpstreamId));

    /// <summary><c>{"task_id":"…","status":"Success","file_id":"205258526306433","video_width":1366,"video_height":768,"base_resp":{"status_code":0}}</c></summary>
    protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks)
    {
        var failed = answer.Word("status"u8) == "Fail";
        if (!failed)
        {
            ThrowUnlessFine(answer);
        }
        return
        [
            new TaskReport
            {
                UpstreamId = tasks[0].UpstreamId,
                State = answer.Word("status"u8) switch
                {
                    "Preparing" => TaskState.Submitted,
                    "Queueing" => TaskState.Queued,
                    "Processing" => TaskState.InProgress,
                    "Success" => TaskState.Succeeded,
                    "Fail" => TaskState.Failed,
                    _ => TaskState.Unknown,
                },
                Reason = failed ? answer.Find("base_resp"u8)?.Word("status_msg"u8) : null,
                Data = answer,
            },
        ];
    }

    protected override async Task<IReadOnlyList<TaskReport>> LookAsync(
        UpstreamMessage message, IReadOnlyList<AskedTask> tasks, HttpMessageInvoker http, CancellationToken cancel)
    {
        var reports = await base.LookAsync(message, tasks, http, cancel);
        if (reports is not [{ State: TaskState.Succeeded, Url: null } report] || FileIdOf(report.Data) is not { } file)
        {
            return reports;
        }
        // {"file":{"file_id":205258526306433,"bytes":5896337,"filename":"output_aigc.mp4","download_url":"https://…"},"base_resp":{"status_code":0}}
        using var request = Get(message, "/v1/files/retrieve?file_id=" + Uri.EscapeDataString(file));
        var answer = await SendAsync(request, http, cancel);
        ThrowUnlessFine(answer);
        return [report with { Url = answer.Find("file"u8)?.Word("download_url"u8) }];
    }

    private static string? FileIdOf(JsonElement answer) =>
        answer.Find("file_id"u8) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } id && id.ToString() is { Length: > 0 } text ? text : null;

    private static void ThrowUnlessFine(JsonElement answer)
    {
        if (answer.Find("base_resp"u8) is { } verdict && OwnUsage.Count(verdict, "status_code"u8) is > 0 and var code)
        {
            throw Refusal(MiniMax.StatusOf(code), code.ToString(CultureInfo.InvariantCulture), verdict.Word("status_msg"u8));
        }
    }

    private static JsonObject Payload(TaskOrder order, string model)
    {
        var payload = new JsonObject { ["model"] = model, ["prompt"] = order.Prompt };
        payload.Put("duration", order.Seconds);
        if (TaskPictures.SizeOf(order.Size) is var (width, height))
        {
            payload["resolution"] = Math.Min(width, height) switch
            {
                >= 1080 => "1080P",
                // The first models know nothing else.
                _ when model.EndsWith("-01", StringComparison.Ordinal) || model.Contains("-01-", StringComparison.Ordinal) => "720P",
                <= 512 => "512P",
                _ => "768P",
            };
        }
        else if (order.Size.Length > 0)
        {
            payload["resolution"] = order.Size.ToUpperInvariant();
        }
        if (order.Images.Count > 0)
        {
            payload["first_frame_image"] = TaskPictures.Address(order.Images[0]);
        }
        if (order.Images.Count > 1)
        {
            payload["last_frame_image"] = TaskPictures.Address(order.Images[1]);
        }
        return Overlay(payload, order, "model");
    }
}
