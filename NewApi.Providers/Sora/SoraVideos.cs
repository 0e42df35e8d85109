using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Providers.Answers;
using NewApi.Providers.Tasks;

namespace NewApi.Providers.Sora;

/// <summary>OpenAI's films (channel types 1 and 55): <c>/v1/videos</c>, which callers of the gateway write in too.</summary>
internal sealed class SoraVideos : TaskService
{
    private const int DefaultSeconds = 4;

    /// <summary>What a second of the larger pictures costs beside one of the smaller.</summary>
    private const decimal LargeSize = 1.666667m;

    /// <summary>Members of the gateway's own order that OpenAI would refuse.</summary>
    private static readonly string[] NotOpenAI = ["metadata", "duration", "image", "images", "mode", "n"];

    public override string ActionOf(TaskOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return order.Source is not null ? TaskActions.Remix : base.ActionOf(order);
    }

    public override IReadOnlyDictionary<string, decimal> Factors(TaskOrder order, string model)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (order.Source is not null)
        {
            return order.SourceFactors ?? NoFactors;
        }
        var (seconds, size) = (order.Seconds, order.Size);
        if (order.Form is null)
        {
            var payload = Payload(order, model);
            seconds = int.TryParse(payload["seconds"]?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var written) ? written : null;
            size = payload["size"]?.ToString() ?? "";
        }
        var factors = new Dictionary<string, decimal> { ["seconds"] = Math.Min(seconds ?? DefaultSeconds, TaskOrder.MostSeconds) };
        if (size is "1792x1024" or "1024x1792")
        {
            factors["size"] = LargeSize;
        }
        return factors;
    }

    public override string? Refuse(TaskOrder order, string model)
    {
        ArgumentNullException.ThrowIfNull(order);
        // What cannot be read cannot be priced.
        return order is { Form: null, Source: null } && Payload(order, model)["seconds"] is { } seconds
            && !(int.TryParse(seconds.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= TaskOrder.MostSeconds)
            ? "seconds must be a whole number from 1 to 3600"
            : null;
    }

    protected override TaskFile? FileOf(UpstreamMessage message, AskedTask task, string? url)
    {
        ArgumentNullException.ThrowIfNull(task);
        return url is not null ? new TaskFile(url) : new TaskFile(null, Get(message, $"/v1/videos/{Uri.EscapeDataString(task.UpstreamId)}/content"));
    }

    protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order)
    {
        if (order.Source is { } source)
        {
            return Post(message, $"/v1/videos/{Uri.EscapeDataString(source)}/remix", new JsonObject { ["prompt"] = order.Prompt });
        }
        if (order.Form is not { } form)
        {
            return Post(message, "/v1/videos", Payload(order, message.Model));
        }
        var boundary = "newapi-" + message.RequestId;
        return Post(message, "/v1/videos", order.Seconds is { } seconds
            ? form.With(boundary, ("model", message.Model), ("seconds", seconds.ToString(CultureInfo.InvariantCulture)))
            : form.With(boundary, ("model", message.Model)));
    }

    protected override TaskReceipt ReadReceipt(JsonElement answer) => throw new JsonException("The answer is no video object.");

    protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) =>
        Get(message, $"/v1/videos/{Uri.EscapeDataString(tasks[0].UpstreamId)}");

    protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks) =>
        throw new JsonException("The answer is no video object.");

    private static JsonObject Payload(TaskOrder order, string model)
    {
        var payload = order.Body?.DeepClone().AsObject() ?? [];
        foreach (var name in NotOpenAI)
        {
            payload.Remove(name);
        }
        payload["model"] = model;
        payload["prompt"] = order.Prompt;
        if (order.Seconds is { } seconds)
        {
            payload["seconds"] = seconds.ToString(CultureInfo.InvariantCulture);
        }
        if (payload["input_reference"] is null && order.Images.Count > 0)
        {
            payload["input_reference"] = new JsonObject { ["image_url"] = order.Images[0] };
        }
        return Overlay(payload, order, "model");
    }
}
