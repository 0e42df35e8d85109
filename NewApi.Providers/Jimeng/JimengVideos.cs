using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Jimeng;

/// <summary>Jimeng's films: the model is the <c>req_key</c>. An <c>sk-</c> key is that of a gateway which serves Jimeng below <c>/jimeng</c>.</summary>
internal sealed class JimengVideos : TaskService
{
    private const string Version = "&Version=2022-08-31";
    private const long Success = 10_000;
    private const int FramesPerSecond = 24;

    protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order) =>
        Call(message, "CVSync2AsyncSubmitTask", Payload(order, message.Model));

    /// <summary><c>{"code":10000,"data":{"task_id":"7392616336519610409"},"message":"Success","request_id":"…"}</c></summary>
    protected override TaskReceipt ReadReceipt(JsonElement answer)
    {
        ThrowUnlessFine(answer);
        return TaskReceipt.Accepted(answer.Find("data"u8)?.Word("task_id"u8) ?? "", answer);
    }

    protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) => Call(
        message, "CVSync2AsyncGetResult", new JsonObject { ["req_key"] = message.Model, ["task_id"] = tasks[0].UpstreamId });

    /// <summary><c>{"code":10000,"data":{"status":"done","video_url":"https://…"},"message":"Success","request_id":"…"}</c></summary>
    protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks)
    {
        // What its inspection does not let pass has failed; everything else that is not fine says nothing about the task.
        if (CodeOf(answer) is { } code && Jimeng.StatusOf(code) == 400)
        {
            return [Report(tasks, TaskState.Failed, answer) with { Reason = answer.Word("message"u8) }];
        }
        ThrowUnlessFine(answer);
        var data = answer.Find("data"u8) ?? default;
        var url = data.Word("video_url"u8);
        return data.Word("status"u8) switch
        {
            "in_queue" => [Report(tasks, TaskState.Queued, answer)],
            "generating" => [Report(tasks, TaskState.InProgress, answer)],
            "done" when url is { Length: > 0 } => [Report(tasks, TaskState.Succeeded, answer) with { Url = url }],
            "done" => [Report(tasks, TaskState.Failed, answer) with { Reason = "The upstream made no film." }],
            "not_found" or "expired" => [Report(tasks, TaskState.Missing, answer)],
            _ => [Report(tasks, TaskState.Unknown, answer)],
        };
    }

    private static TaskReport Report(IReadOnlyList<AskedTask> tasks, TaskState state, JsonElement answer) =>
        new() { UpstreamId = tasks[0].UpstreamId, State = state, Data = answer };

    private static HttpRequestMessage Call(UpstreamMessage message, string action, JsonObject body)
    {
        var query = $"Action={action}{Version}";
        return message.Key.StartsWith("sk-", StringComparison.Ordinal)
            ? Post(message, "/jimeng/?" + query, body)
            : Jimeng.Sign(message, message.Account.At("/?" + query), query, Encoding.UTF8.GetBytes(body.ToJsonString()));
    }

    private static long? CodeOf(JsonElement answer) => OwnUsage.Count(answer, "code"u8) is { } code && code != Success ? code : null;

    private static void ThrowUnlessFine(JsonElement answer)
    {
        if (CodeOf(answer) is { } code)
        {
            throw Refusal(Jimeng.StatusOf(code), code.ToString(CultureInfo.InvariantCulture), answer.Word("message"u8));
        }
    }

    private static JsonObject Payload(TaskOrder order, string model)
    {
        var payload = new JsonObject { ["req_key"] = model, ["prompt"] = order.Prompt };
        var inline = order.Images.Select(TaskPictures.Inline).ToList();
        if (inline.Count > 0 && inline.TrueForAll(picture => picture is not null))
        {
            payload.Put("binary_data_base64", [.. inline.Select(picture => picture!.Value.Base64)]);
        }
        else
        {
            payload.Put("image_urls", [.. order.Images]);
        }
        if (order.Seconds is { } seconds)
        {
            payload["frames"] = seconds * FramesPerSecond + 1;
        }
        if (TaskPictures.SizeOf(order.Size) is var (width, height) && TaskPictures.RatioOf(width, height) is { } ratio)
        {
            payload["aspect_ratio"] = ratio;
        }
        return Overlay(payload, order, "req_key", "model");
    }
}
