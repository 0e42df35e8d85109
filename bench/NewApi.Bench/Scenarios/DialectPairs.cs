using NewApi.Bench.Load;
using NewApi.Bench.Targets;

namespace NewApi.Bench.Scenarios;

/// <summary>
/// A small chat in each of the four dialects, on a channel of each of the four: four ways that pass as they are, twelve that are translated.
/// </summary>
internal static class DialectPairs
{
    /// <summary>How often a translated call may cost what the same call costs untranslated.</summary>
    public const double Bar = 3;

    private const int Connections = 16;
    private const int Chunks = 100;

    public static IReadOnlyList<ChatDialect> Dialects { get; } =
    [
        new("chat", "/v1/chat/completions", "gpt-4o", "gpt-4o-mini"),
        new("messages", "/v1/messages", "claude-3-5-sonnet-20241022", "claude-3-5-sonnet-20241022"),
        new("gemini", "/v1beta/models/{model}:generateContent", "gemini-2.0-flash", "gemini-2.0-flash-001"),
        new("responses", "/v1/responses", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
    ];

    public static IReadOnlyList<LoadMeasure> All { get; } =
    [
        .. from caller in Dialects from upstream in Dialects select Measure(caller, upstream, chunks: 0),
        .. from caller in Dialects from upstream in Dialects select Measure(caller, upstream, Chunks),
    ];

    public static string NameOf(ChatDialect caller, ChatDialect upstream, bool stream) => $"{caller.Name}>{upstream.Name}{(stream ? ">stream" : "")}";

    /// <summary>Every pair once, to see that it goes where it is said to go.</summary>
    public static async Task CheckAsync(Target target, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri($"http://127.0.0.1:{target.Port}") };
        http.DefaultRequestHeaders.Authorization = new("Bearer", target.Key);
        foreach (var (caller, upstream) in from caller in Dialects from upstream in Dialects select (caller, upstream))
        {
            using var answer = await http.PostAsync(
                caller.Path.Replace("{model}", upstream.Model, StringComparison.Ordinal),
                new StringContent(Payload.DialectBody(caller.Name, upstream.Model, chunks: 0), System.Text.Encoding.UTF8, "application/json"),
                ct);
            var text = await answer.Content.ReadAsStringAsync(ct);
            if (!answer.IsSuccessStatusCode || !text.Contains($"\"{upstream.Named}\"", StringComparison.Ordinal))
            {
                throw new BenchException($"{NameOf(caller, upstream, stream: false)} was answered by somebody else, status {(int)answer.StatusCode}: {text}");
            }
            LoadMeasure.Replies[target.Name] = LoadMeasure.Replies.GetValueOrDefault(target.Name) + 1;
        }
    }

    private static LoadMeasure Measure(ChatDialect caller, ChatDialect upstream, int chunks) => new(
        NameOf(caller, upstream, chunks > 0),
        TimeSpan.FromSeconds(1),
        false,
        (target, duration, ct) => ClosedLoop.RunAsync(
            target.Port, Payload.InDialect(target, caller.Name, caller.Path, upstream.Model, chunks), Connections, duration, TimeSpan.Zero, ct));
}

/// <summary>A dialect of chats.</summary>
/// <param name="Name">What it is called here.</param>
/// <param name="Path">Where callers of it ask.</param>
/// <param name="Model">A model whose channel speaks it and no other.</param>
/// <param name="Named">The model that the stub's answer names, by which one sees who has answered.</param>
internal sealed record ChatDialect(string Name, string Path, string Model, string Named);
