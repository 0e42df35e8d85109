using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.VolcEngine;

/// <summary>The Seedance films of Volcano's Ark (channel types 45 and 54). Their tokens are known when they are done.</summary>
internal sealed class DoubaoVideos : TaskService
{
    private const string Tasks = "/api/v3/contents/generations/tasks";

    /// <summary>
    /// Films that are made of films cost less a token: the list price with such input beside the one without, in yuan per million tokens
    /// (https://www.volcengine.com/docs/82379/1544106).
    /// </summary>
    private static readonly (string Model, decimal WithVideo, decimal Without)[] Prices =
    [
        ("doubao-seedance-2-0-fast", 22, 37),
        ("doubao-seedance-2-0", 28, 46),
    ];

    public override IReadOnlyDictionary<string, decimal> Factors(TaskOrder order, string model)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(model);
        if (Payload(order, model)["content"] is JsonArray content && content.Any(part => part?["type"]?.ToString() == "video_url"))
        {
            foreach (var (name, with, without) in Prices)
            {
                if (model.StartsWith(name, StringComparison.Ordinal))
                {
                    return new Dictionary<string, decimal> { ["video_input"] = with / without };
                }
            }
        }
        return NoFactors;
    }

    protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order)
    {
        CheckAddress(message);
        return Post(message, Tasks, Payload(order, message.Model));
    }

    /// <summary><c>{"id":"cgt-2025…"}</c></summary>
    protected override TaskReceipt ReadReceipt(JsonElement answer) => TaskReceipt.Accepted(answer.Word("id"u8) ?? "", answer);

    protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks)
    {
        CheckAddress(message);
        return Get(message, $"{Tasks}/{Uri.EscapeDataString(tasks[0].UpstreamId)}");
    }

    /// <summary>
    /// <c>{"id":"cgt-…","model":"…","status":"succeeded","content":{"video_url":"https://…"},"usage":{"completion_tokens":108900,"total_tokens":108900}}</c>
    /// </summary>
    protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks) =>
    [
        new TaskReport
        {
            UpstreamId = answer.Word("id"u8) ?? "",
            State = answer.Word("status"u8) switch
            {
                "queued" => TaskState.Queued,
                "running" => TaskState.InProgress,
                "succeeded" => TaskState.Succeeded,
                "failed" or "cancelled" or "expired" => TaskState.Failed,
                _ => TaskState.Unknown,
            },
            Url = answer.Find("content"u8)?.Word("video_url"u8),
            Reason = answer.Find("error"u8)?.Word("message"u8),
            Tokens = OwnUsage.Count(answer.Find("usage"u8), "total_tokens"u8),
            Data = answer,
        },
    ];

    /// <summary>A plan in place of an address has no films.</summary>
    private static void CheckAddress(UpstreamMessage message)
    {
        if (message.Account.Special is not null)
        {
            throw new ProviderException("channel:invalid_settings", "The plan that the channel names makes no films.");
        }
    }

    private static JsonObject Payload(TaskOrder order, string model)
    {
        var content = new JsonArray();
        if (order.Prompt.Length > 0)
        {
            content.Add(new JsonObject { ["type"] = "text", ["text"] = order.Prompt });
        }
        for (var i = 0; i < order.Images.Count; i++)
        {
            var picture = new JsonObject
            {
                ["type"] = "image_url",
                ["image_url"] = new JsonObject { ["url"] = TaskPictures.Address(order.Images[i]) },
            };
            if (order.Images.Count > 1)
            {
                picture["role"] = order.Images.Count > 2 ? "reference_image" : i == 0 ? "first_frame" : "last_frame";
            }
            content.Add(picture);
        }
        // The caller's own parts come beside what the order says, and not in its place.
        foreach (var part in order.Metadata?["content"] as JsonArray ?? [])
        {
            content.Add(part?.DeepClone());
        }
        var payload = new JsonObject { ["model"] = model, ["content"] = content };
        payload.Put("duration", order.Seconds);
        if (TaskPictures.SizeOf(order.Size) is var (width, height))
        {
            payload["resolution"] = $"{Math.Min(width, height)}p";
            if (TaskPictures.RatioOf(width, height) is { } ratio)
            {
                payload["ratio"] = ratio;
            }
        }
        else if (order.Size.Length > 0)
        {
            payload["resolution"] = order.Size;
        }
        return Overlay(payload, order, "model", "content");
    }
}
