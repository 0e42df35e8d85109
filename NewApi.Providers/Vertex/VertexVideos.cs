using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Providers.Answers;
using NewApi.Providers.Gemini;
using NewApi.Providers.Tasks;
using NewApi.Protocols;

namespace NewApi.Providers.Vertex;

/// <summary>The Veo films of Vertex AI (channel type 41). They come inside the answer, or lie where the project keeps them.</summary>
internal sealed class VertexVideos : TaskService
{
    private const string Begin = "predictLongRunning";
    private const string Look = "fetchPredictOperation";

    public override string? Refuse(TaskOrder order, string model) => Veo.Refuse(order, model);

    public override IReadOnlyDictionary<string, decimal> Factors(TaskOrder order, string model) => Veo.Factors(order, model);

    public override async ValueTask<TaskFile?> FileOfAsync(
        UpstreamMessage message, AskedTask task, string? url, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (url != Veo.Inside)
        {
            return FileOf(message, task, url);
        }
        try
        {
            return Veo.FilmIn(await OperationAsync(message, task, http, cancel)) is { } film ? new TaskFile(film) : null;
        }
        catch (Exception error) when (error is TaskRefusedException or ProviderException or JsonException)
        {
            throw new HttpRequestException("The upstream does not give the film.", error);
        }
    }

    protected override async Task<TaskReceipt> OrderAsync(UpstreamMessage message, TaskOrder order, HttpMessageInvoker http, CancellationToken cancel)
    {
        using var request = await VertexAdapter.PostAsync(message, Begin, Answer.Content(Veo.Payload(order, message.Model)), http, cancel);
        return ReadReceipt(await SendAsync(request, http, cancel));
    }

    protected override async Task<IReadOnlyList<TaskReport>> LookAsync(
        UpstreamMessage message, IReadOnlyList<AskedTask> tasks, HttpMessageInvoker http, CancellationToken cancel) =>
        ReadReports(await OperationAsync(message, tasks[0], http, cancel), tasks);

    /// <summary><c>{"name":"projects/p/locations/us-central1/publishers/google/models/veo-3.1-generate-001/operations/a1b07c8e-…"}</c></summary>
    protected override TaskReceipt ReadReceipt(JsonElement answer) => TaskReceipt.Accepted(answer.Word("name"u8) ?? "", answer);

    protected override IReadOnlyList<TaskReport> ReadReports(JsonElement answer, IReadOnlyList<AskedTask> tasks) => [Veo.Read(answer, tasks[0])];

    protected override HttpRequestMessage Order(UpstreamMessage message, TaskOrder order) => throw new NotSupportedException();

    protected override HttpRequestMessage Question(UpstreamMessage message, IReadOnlyList<AskedTask> tasks) => throw new NotSupportedException();

    private static async Task<JsonElement> OperationAsync(UpstreamMessage message, AskedTask task, HttpMessageInvoker http, CancellationToken cancel)
    {
        var body = new JsonObject { ["operationName"] = task.UpstreamId };
        using var request = await VertexAdapter.PostAsync(message, Look, Answer.Content(body), http, cancel);
        return await SendAsync(request, http, cancel);
    }
}
