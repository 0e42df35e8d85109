using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

/// <summary>
/// A file of bytes as an upstream sends them (<c>.sse</c> a stream, <c>.json</c> a whole answer), and beside it what must be read from
/// them. Set <c>WRITE_GOLDEN=1</c> to write the expectations anew; then read the difference as a reviewer would.
/// </summary>
public sealed record GoldenFile(string Path)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    private static string Root => System.IO.Path.Combine(AppContext.BaseDirectory, "Golden");

    public Dialect Dialect => Enum.Parse<Dialect>(Path[..Path.IndexOf('/')]);

    public byte[] Bytes => File.ReadAllBytes(System.IO.Path.Combine(Root, Path));

    public static TheoryData<string> Streams() => All("*.sse");

    public static TheoryData<string> Answers() => All("*.json");

    public void AssertExpected(object facts)
    {
        var actual = JsonSerializer.Serialize(facts, Json) + "\n";
        if (Environment.GetEnvironmentVariable("WRITE_GOLDEN") == "1")
        {
            File.WriteAllText(System.IO.Path.Combine(SourceFolder(), "Golden", Path + ".expected"), actual);
            return;
        }

        Assert.Equal(File.ReadAllText(System.IO.Path.Combine(Root, Path + ".expected"), Encoding.UTF8), actual);
    }

    /// <summary>The same for what a codec tells of the answer; beside it as <c>.told</c>.</summary>
    public void AssertTold(string told)
    {
        if (Environment.GetEnvironmentVariable("WRITE_GOLDEN") == "1")
        {
            File.WriteAllText(System.IO.Path.Combine(SourceFolder(), "Golden", Path + ".told"), told);
            return;
        }

        Assert.Equal(File.ReadAllText(System.IO.Path.Combine(Root, Path + ".told"), Encoding.UTF8), told);
    }

    private static TheoryData<string> All(string pattern) =>
        [.. Directory.EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
            .Select(file => System.IO.Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];

    private static string SourceFolder([CallerFilePath] string file = "") => System.IO.Path.GetDirectoryName(file)!;
}

/// <summary>Everything a tap knows, for comparison.</summary>
internal sealed record TapFacts
{
    public required IReadOnlyList<string> Frames { get; init; }

    public required Usage Usage { get; init; }

    public bool UsageComplete { get; init; }

    public bool Delivered { get; init; }

    public bool Finished { get; init; }

    public string? FinishReason { get; init; }

    public int ToolCalls { get; init; }

    public int MalformedFrames { get; init; }

    public long DeliveredBytes { get; init; }

    public long EstimatedOutput { get; init; }

    public string? ReplyId { get; init; }

    public string? ReplyModel { get; init; }

    public long NextSequence { get; init; }

    public RelayFault? Error { get; init; }

    public static TapFacts Of(StreamTap tap, IReadOnlyList<string> frames) => new()
    {
        Frames = frames,
        Usage = tap.Usage,
        UsageComplete = tap.UsageComplete,
        Delivered = tap.Delivered,
        Finished = tap.Finished,
        FinishReason = tap.FinishReason,
        ToolCalls = tap.ToolCalls,
        MalformedFrames = tap.MalformedFrames,
        DeliveredBytes = tap.DeliveredBytes,
        EstimatedOutput = tap.EstimatedOutput,
        ReplyId = tap.ReplyId,
        ReplyModel = tap.ReplyModel,
        NextSequence = tap.NextSequence,
        Error = tap.Error,
    };
}
