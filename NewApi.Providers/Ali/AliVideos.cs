using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Ali;

/// <summary>DashScope's Wan films: sold by the second, and by the resolution where a model has several.</summary>
internal sealed class AliVideos : TaskService
{
    private const string FromFrames = "/api/v1/services/aigc/image2video/video-synthesis";
    private const string Synthesis = "/api/v1/services/aigc/video-generation/video-synthesis";
    private const int DefaultSeconds = 5;

    /// <summary>What a second costs beside the cheapest resolution of its model (specification: billing §4.10).</summary>
    private static readonly (string Model, (string Resolution, decimal Factor)[] Factors)[] Resolutions =
    [
        ("wan2.6", [("720P", 1), ("1080P", 1.6667m)]),
        ("wan2.5", [("480P", 1), ("720P", 2), ("1080P", 3.3333m)]),
        ("wan2.2-t2v-plus", [("480P", 1), ("1080P", 5)]),
        ("wan2.2-i2v-plus", [("480P", 1), ("1080P", 5)]),
        ("wan2.2-i2v-flash", [("480P", 1), ("720P", 2), ("1080P", 4.8m)]),
        ("wan2.2-kf2v-flash", [("480P", 1), ("720P", 2), ("1080P", 4.8m)]),
        ("wan2.2-s2v", [("480P", 1), ("720P", 1.8m)]),
    ];

    public override string ActionOf(TaskOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return order.Images.Count > 1 ? TaskActions.FromFirstAndLast : base.ActionOf(order);
    }

    public override string? Refuse(TaskOrder order, string model)
    {
        var parameters = Parameters(order, model);
        // What cannot be read cannot be priced.
        return parameters["duration"] is { } duration && SecondsOf(duration) is null ? "duration must be a whole number from 1 to 3600"
            // Which of the two counts depends on the model; only one can be priced.
            : parameters["size"] is not null && parameters["resolution"] is not null ? "size and resolution exclude each other"
            : FactorsOf(model) is { } known && !Array.Exists(known, one => one.Resolution == ResolutionOf(parameters))
                ? $"the model is made in {string.Join(", ", known.Select(one => one.Resolution))}"
                : null;
    }

    public override IReadOnlyDictionary<string, decimal> Factors(TaskOrder order, string model)
    {
        var parameters = Parameters(order, model);
        return Factors(model, ResolutionOf(parameters), SecondsOf(parameters["duration"]) ?? DefaultSeconds);
    }

    protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order)
    {
        var byFrames = message.Model.Contains("kf2v", StringComparison.Ordinal) || message.Model.Contains("s2v", StringComparison.Ordinal);
        var request = Post(message, byFrames ? FromFrames : Synthesis, Payload(order, message.Model));
        request.Headers.TryAddWithoutValidation("X-DashScope-Async", "enable");
        return request;
    }

    /// <summary><c>{"output":{"task_status":"PENDING","task_id":"0385dc79-…"},"request_id":"…"}</c></summary>
    protected override TaskReceipt ReadReceipt(JsonElement answer) => answer.Word("code"u8) is { Length: > 0 } code
        ? throw Refusal(400, code, answer.Word("message"u8))
        : TaskReceipt.Accepted(answer.Find("output"u8)?.Word("task_id"u8) ?? "", answer);

    protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) =>
        Get(message, $"/api/v1/tasks/{Uri.EscapeDataString(tasks[0].UpstreamId)}");

    /// <summary>
    /// <c>{"output":{"task_id":"…","task_status":"SUCCEEDED","video_url":"https://…"},"usage":{"duration":10,"SR":720,"video_count":1}}</c>;
    /// older models call the duration <c>video_duration</c>.
    /// </summary>
    protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks)
    {
        var output = answer.Find("output"u8) ?? default;
        var usage = answer.Find("usage"u8) ?? default;
        var state = output.Word("task_status"u8) switch
        {
            "PENDING" or "SUSPENDED" => TaskState.Queued,
            "RUNNING" => TaskState.InProgress,
            "SUCCEEDED" => TaskState.Succeeded,
            "FAILED" or "CANCELED" => TaskState.Failed,
            // It keeps tasks for a day.
            "UNKNOWN" => TaskState.Missing,
            _ => TaskState.Unknown,
        };
        return
        [
            new TaskReport
            {
                UpstreamId = output.Word("task_id"u8) ?? tasks[0].UpstreamId,
                State = state,
                Url = output.Word("video_url"u8) ?? output.Find("results"u8)?.Word("video_url"u8),
                Reason = output.Word("message"u8),
                // Films that follow a sound are as long as that, which nobody knew when they were ordered.
                Factors = state == TaskState.Succeeded && (LengthOf(usage, "duration"u8) ?? LengthOf(usage, "video_duration"u8)) is { } seconds
                    ? Factors(tasks[0].Model, OwnUsage.Count(usage, "SR"u8) is { } lines ? $"{lines}P" : null, seconds)
                    : null,
                Data = answer,
            },
        ];
    }

    private static Dictionary<string, decimal> Factors(string model, string? resolution, decimal seconds)
    {
        var factors = new Dictionary<string, decimal> { ["seconds"] = seconds };
        foreach (var (name, factor) in FactorsOf(model) ?? [])
        {
            if (name == resolution && factor != 1)
            {
                factors["resolution-" + name] = factor;
            }
        }
        return factors;
    }

    private static (string Resolution, decimal Factor)[]? FactorsOf(string model)
    {
        foreach (var (name, factors) in Resolutions)
        {
            if (model.StartsWith(name, StringComparison.Ordinal))
            {
                return factors;
            }
        }
        return null;
    }

    private static JsonObject Payload(TaskOrder order, string model)
    {
        var input = new JsonObject();
        if (order.Prompt.Length > 0)
        {
            input["prompt"] = order.Prompt;
        }
        if (order.Images.Count > 1)
        {
            input["first_frame_url"] = TaskPictures.Address(order.Images[0]);
            input["last_frame_url"] = TaskPictures.Address(order.Images[1]);
        }
        else if (order.Images.Count == 1)
        {
            input[model.Contains("s2v", StringComparison.Ordinal) ? "image_url" : model.Contains("kf2v", StringComparison.Ordinal) ? "first_frame_url" : "img_url"] =
                TaskPictures.Address(order.Images[0]);
        }
        Merge(input, order.Metadata?["input"] as JsonObject);
        return Overlay(new JsonObject { ["model"] = model, ["input"] = input, ["parameters"] = Parameters(order, model) }, order, "model", "input", "parameters");
    }

    /// <summary>The parameters as they are sent; the resolution always among them, because it is priced.</summary>
    private static JsonObject Parameters(TaskOrder order, string model)
    {
        var parameters = new JsonObject();
        parameters.Put("duration", order.Seconds);
        Merge(parameters, order.Metadata?["parameters"] as JsonObject);
        if (parameters["size"] is null && parameters["resolution"] is null)
        {
            var named = order.Size.Length > 0 ? order.Size : FactorsOf(model) is { } known ? Array.Exists(known, one => one.Resolution == "720P") ? "720P" : known[0].Resolution : "";
            var size = TaskPictures.SizeOf(named);
            // Films of text are given pixels, films of pictures follow the picture's shape.
            if (model.Contains("t2v", StringComparison.Ordinal))
            {
                parameters["size"] = size is var (width, height) ? $"{width}*{height}" : PixelsOf(named.ToUpperInvariant());
            }
            else if (named.Length > 0)
            {
                parameters["resolution"] = size is var (width, height) ? LinesOf(width, height) : named.ToUpperInvariant();
            }
        }
        if (parameters["size"] is null)
        {
            parameters.Remove("size");
        }
        return parameters;
    }

    private static string? ResolutionOf(JsonObject parameters) => parameters["resolution"]?.ToString().ToUpperInvariant()
        ?? (TaskPictures.SizeOf(parameters["size"]?.ToString() ?? "") is var (width, height) ? LinesOf(width, height) : null);

    private static string LinesOf(int width, int height) => ((long)width * height) switch
    {
        <= 500_000 => "480P",
        <= 1_100_000 => "720P",
        _ => "1080P",
    };

    private static string? PixelsOf(string resolution) => resolution switch
    {
        "480P" => "832*480",
        "720P" => "1280*720",
        "1080P" => "1920*1080",
        _ => null,
    };

    private static int? SecondsOf(JsonNode? duration) =>
        int.TryParse(duration?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= TaskOrder.MostSeconds
            ? seconds
            : null;

    private static decimal? LengthOf(JsonElement usage, ReadOnlySpan<byte> name) =>
        usage.Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDecimal(out var seconds) && seconds is > 0 and <= TaskOrder.MostSeconds
            ? seconds
            : null;

    private static void Merge(JsonObject into, JsonObject? own)
    {
        foreach (var (name, value) in own ?? [])
        {
            into[name] = value?.DeepClone();
        }
    }
}
