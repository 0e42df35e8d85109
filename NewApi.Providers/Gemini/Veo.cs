using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Gemini;

/// <summary>What Google's two doors to the Veo films have in common: the order, what multiplies its price, and the operation that stands for it.</summary>
internal static class Veo
{
    /// <summary>Stands before the address of a film that only the key opens which ordered it.</summary>
    public const string Locked = "key:";

    /// <summary>Stands for a film that lies inside the finished operation: it is megabytes, and asked for when somebody wants to see it.</summary>
    public const string Inside = "inside:";

    private const int DefaultSeconds = 8;

    /// <summary>Google fetches no pictures.</summary>
    public static string? Refuse(TaskOrder order, string model) =>
        order.Images.Any(picture => TaskPictures.Inline(picture) is null && !IsStored(picture)) ? "pictures must be data URIs or base64"
        : SecondsOf(Payload(order, model)["parameters"]!["durationSeconds"]) is null ? "durationSeconds must be a whole number from 1 to 3600"
        : CountOf(Payload(order, model)) is null ? "sampleCount must be a whole number from 1 to 4"
        : null;

    public static Dictionary<string, decimal> Factors(TaskOrder order, string model)
    {
        var payload = Payload(order, model);
        var factors = new Dictionary<string, decimal> { ["seconds"] = SecondsOf(payload["parameters"]!["durationSeconds"]) ?? DefaultSeconds };
        if (string.Equals(payload["parameters"]!["resolution"]?.ToString(), "4k", StringComparison.OrdinalIgnoreCase)
            && model.StartsWith("veo-3.1", StringComparison.Ordinal))
        {
            factors["resolution"] = model.StartsWith("veo-3.1-fast", StringComparison.Ordinal) ? 2.333333m : 1.5m;
        }
        if (CountOf(payload) is > 1 and var films)
        {
            factors["samples"] = films;
        }
        return factors;
    }

    public static JsonObject Payload(TaskOrder order, string model)
    {
        var instance = new JsonObject { ["prompt"] = order.Prompt };
        if (order.Images.Count is 1 or 2)
        {
            instance["image"] = Picture(order.Images[0]);
            if (order.Images.Count == 2)
            {
                instance["lastFrame"] = Picture(order.Images[1]);
            }
        }
        else if (order.Images.Count > 2)
        {
            instance["referenceImages"] = new JsonArray(
                [.. order.Images.Select(picture => new JsonObject { ["image"] = Picture(picture), ["referenceType"] = "asset" })]);
        }
        // Always said, because it is priced.
        var parameters = new JsonObject { ["durationSeconds"] = order.Seconds ?? DefaultSeconds };
        if (TaskPictures.SizeOf(order.Size) is var (width, height))
        {
            parameters["aspectRatio"] = width >= height ? "16:9" : "9:16";
            parameters["resolution"] = Math.Min(width, height) switch
            {
                >= 2160 => "4k",
                >= 1080 => "1080p",
                _ => "720p",
            };
        }
        else if (order.Size.Length > 0)
        {
            parameters["resolution"] = order.Size.ToLowerInvariant();
        }
        // Members of either half may come by themselves; whatever is no member of the one is one of the other.
        foreach (var (name, value) in order.Metadata ?? [])
        {
            switch (name)
            {
                case "model":
                // Where films are stored is the channel's business.
                case "storageUri":
                    break;
                case "instances" when value is JsonArray and [JsonObject own, ..]:
                    Merge(instance, own);
                    break;
                case "parameters" when value is JsonObject own:
                    Merge(parameters, own);
                    break;
                case "image" or "lastFrame" or "video" or "referenceImages":
                    instance[name] = value?.DeepClone();
                    break;
                default:
                    parameters[name] = value?.DeepClone();
                    break;
            }
        }
        parameters.Remove("storageUri");
        return new JsonObject { ["instances"] = new JsonArray(instance), ["parameters"] = parameters };
    }

    /// <summary>
    /// <c>{"name":"…","done":true,"response":{"generateVideoResponse":{"generatedSamples":[{"video":{"uri":"https://…"}}]}}}</c>, and with Vertex
    /// <c>"response":{"videos":[{"bytesBase64Encoded":"…","mimeType":"video/mp4"}]}</c>; <c>"error":{"code":3,"message":"…"}</c> where it failed.
    /// </summary>
    public static TaskReport Read(JsonElement operation, AskedTask task)
    {
        var report = new TaskReport { UpstreamId = task.UpstreamId, State = TaskState.InProgress, Data = operation };
        if (operation.Find("done"u8) is not { ValueKind: JsonValueKind.True })
        {
            return report;
        }
        if (operation.Find("error"u8) is { } error)
        {
            return report with { State = TaskState.Failed, Reason = error.Word("message"u8) };
        }
        var response = operation.Find("response"u8) ?? default;
        var made = response.Find("generateVideoResponse"u8) ?? response;
        foreach (var sample in made.Items("generatedSamples"u8))
        {
            if (sample.Find("video"u8)?.Word("uri"u8) is { Length: > 0 } uri)
            {
                return report with { State = TaskState.Succeeded, Url = Locked + uri };
            }
        }
        foreach (var film in made.Items("videos"u8))
        {
            if (film.Find("bytesBase64Encoded"u8) is not null)
            {
                return report with
                {
                    State = TaskState.Succeeded,
                    Url = Inside,
                    Data = JsonElement.Parse(new JsonObject { ["name"] = operation.Word("name"u8), ["done"] = true }.ToJsonString()),
                };
            }
            if (film.Word("gcsUri"u8) is { Length: > 0 } stored)
            {
                return report with { State = TaskState.Succeeded, Url = stored };
            }
        }
        var reasons = made.Items("raiMediaFilteredReasons"u8).Select(reason => reason.ToString()).ToList();
        return report with { State = TaskState.Failed, Reason = reasons.Count > 0 ? string.Join(' ', reasons) : "The upstream made no film." };
    }

    /// <summary>The film inside a finished operation, as a data URI; null when there is none.</summary>
    public static string? FilmIn(JsonElement operation)
    {
        foreach (var film in operation.Find("response"u8)?.Items("videos"u8) ?? default)
        {
            if (film.Word("bytesBase64Encoded"u8) is { Length: > 0 } bytes)
            {
                return $"data:{film.Word("mimeType"u8) ?? "video/mp4"};base64,{bytes}";
            }
        }
        return null;
    }

    private static JsonObject Picture(string picture) => TaskPictures.Inline(picture) is var (type, base64)
        ? new JsonObject { ["bytesBase64Encoded"] = base64, ["mimeType"] = type }
        : new JsonObject { ["gcsUri"] = picture, ["mimeType"] = picture.EndsWith(".png", StringComparison.OrdinalIgnoreCase) ? "image/png" : "image/jpeg" };

    private static bool IsStored(string picture) => picture.StartsWith("gs://", StringComparison.Ordinal);

    private static int? SecondsOf(JsonNode? duration) =>
        int.TryParse(duration?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= TaskOrder.MostSeconds
            ? seconds
            : null;

    private static int? CountOf(JsonObject payload) => (payload["parameters"]!["sampleCount"] ?? payload["parameters"]!["numberOfVideos"]) is not { } count ? 1
        : int.TryParse(count.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var films) && films is > 0 and <= 4 ? films
        : null;

    private static void Merge(JsonObject into, JsonObject own)
    {
        foreach (var (name, value) in own)
        {
            into[name] = value?.DeepClone();
        }
    }
}

/// <summary>The Veo films of Google's Generative Language API (channel type 24).</summary>
internal sealed class GeminiVideos : TaskService
{
    public override string? Refuse(TaskOrder order, string model) => Veo.Refuse(order, model);

    public override IReadOnlyDictionary<string, decimal> Factors(TaskOrder order, string model) => Veo.Factors(order, model);

    /// <summary>A film is a file of Google's; nobody else is shown the key.</summary>
    protected override TaskFile? FileOf(UpstreamMessage message, AskedTask task, string? url)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (url?.StartsWith(Veo.Locked, StringComparison.Ordinal) != true || !Uri.TryCreate(url[Veo.Locked.Length..], UriKind.Absolute, out var address))
        {
            return url is null ? null : new TaskFile(url);
        }
        var google = address.Scheme == Uri.UriSchemeHttps && address.Host == "generativelanguage.googleapis.com";
        var channel = new Uri(message.Account.BaseUrl);
        if (!google && (address.Scheme != channel.Scheme || address.Authority != channel.Authority))
        {
            return new TaskFile(address.AbsoluteUri);
        }
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        UpstreamRequests.AddCredential(request.Headers, message);
        return new TaskFile(null, UpstreamRequests.Finish(request, message));
    }

    protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order) => Post(
        message, $"/{Version(message)}/models/{Uri.EscapeDataString(message.Model)}:predictLongRunning", Veo.Payload(order, message.Model));

    /// <summary><c>{"name":"models/veo-3.1-generate-preview/operations/2xr8hyasw1jw"}</c></summary>
    protected override TaskReceipt ReadReceipt(JsonElement answer) => TaskReceipt.Accepted(answer.Word("name"u8) ?? "", answer);

    protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) =>
        Get(message, $"/{Version(message)}/{string.Join('/', tasks[0].UpstreamId.Split('/').Select(Uri.EscapeDataString))}");

    protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks) => [Veo.Read(answer, tasks[0])];

    private static string Version(UpstreamMessage message) => message.Account.Other.Length > 0 ? message.Account.Other : "v1beta";
}
