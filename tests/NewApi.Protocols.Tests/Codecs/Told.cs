using System.Text;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>
/// What a reader told, a line for each piece, as anyone can read it. Text that came in several pieces is one line: where an upstream cuts
/// is its own affair.
/// </summary>
internal sealed class Told : ReplySink
{
    private readonly List<string> _lines = [];
    private readonly StringBuilder _piece = new();
    private string? _kind;

    public override string ToString()
    {
        Close();
        return string.Join('\n', _lines) + "\n";
    }

    /// <summary>Reads a stream that the network cut into two.</summary>
    public static string Of(Dialect dialect, ReadOnlySpan<byte> bytes, int cut = int.MaxValue) => Read(dialect, bytes, cut).ToString();

    public static Told Read(Dialect dialect, ReadOnlySpan<byte> bytes, int cut = int.MaxValue)
    {
        var told = new Told();
        var reader = Translations.CodecOf(dialect).OpenReader();
        Frames(bytes, cut, frame => reader.Read(frame.Span, told));
        if (reader.Fault is { } fault)
        {
            told.Line($"fault {fault.Status} {fault.Code}: {fault.Message}");
        }

        return told;
    }

    public static void Frames(ReadOnlySpan<byte> bytes, int cut, Action<ReadOnlyMemory<byte>> frame)
    {
        using var buffer = new SseFrameBuffer();
        var first = Math.Min(cut, bytes.Length);
        Feed(buffer, bytes[..first], frame);
        Feed(buffer, bytes[first..], frame);
        if (buffer.TryReadRest(out var rest))
        {
            frame(rest);
        }
    }

    public override void Start(in ReplyHead head) => Line($"start id={head.Id} model={head.Model} created={head.Created}");

    public override void Text(int choice, ReadOnlySpan<byte> utf8) => Piece($"{choice} text", utf8);

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8) => Piece($"{choice} reasoning", utf8);

    public override void Refusal(int choice, ReadOnlySpan<byte> utf8) => Piece($"{choice} refusal", utf8);

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature) => Line($"{choice} signature {Utf8(signature)}");

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data) => Line($"{choice} encrypted {Utf8(data)}");

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name) =>
        Line($"{choice} call {call} {(Utf8(id) is var text && text.StartsWith("call_", StringComparison.Ordinal) && text.Length == 29 ? "(made)" : text)} {Utf8(name)}");

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json) => Piece($"{choice} arguments {call}", json);

    public override void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature) => Line($"{choice} call signature {call} {Utf8(signature)}");

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64) =>
        Line($"{choice} image {Utf8(mimeType)} {Utf8(base64)}");

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript) =>
        Line($"{choice} audio {Utf8(mimeType)} {Utf8(base64)} {Utf8(transcript)}");

    public override void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title) => Line($"{choice} citation {Utf8(url)} {Utf8(title)}");

    public override void LogProbs(int choice, ReadOnlySpan<byte> json) => Line($"{choice} logprobs {Utf8(json)}");

    public override void Finish(int choice, FinishReason reason) => Line($"{choice} finish {reason.Value}{(reason.StopSequence is { } stop ? $" at {stop}" : "")}");

    public override void Usage(in Usage usage) =>
        Line($"usage in={usage.Input} out={usage.Output} cached={usage.CacheRead} reasoning={usage.Reasoning}");

    private static void Feed(SseFrameBuffer buffer, ReadOnlySpan<byte> bytes, Action<ReadOnlyMemory<byte>> frame)
    {
        while (!bytes.IsEmpty)
        {
            var room = buffer.GetMemory().Span;
            var count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            buffer.Advance(count);
            bytes = bytes[count..];
            while (buffer.TryReadFrame(out var whole))
            {
                frame(whole);
            }
        }
    }

    private void Piece(string kind, ReadOnlySpan<byte> utf8)
    {
        if (kind != _kind)
        {
            Close();
            _kind = kind;
        }

        _piece.Append(Utf8(utf8));
    }

    private void Line(string line)
    {
        Close();
        if (line.StartsWith("usage", StringComparison.Ordinal) && _lines.Count > 0 && _lines[^1].StartsWith("usage", StringComparison.Ordinal))
        {
            _lines[^1] = line;
            return;
        }

        _lines.Add(line);
    }

    private void Close()
    {
        if (_kind is not null)
        {
            _lines.Add($"{_kind} {_piece.ToString().Replace("\n", "⏎", StringComparison.Ordinal)}");
            _piece.Clear();
            _kind = null;
        }
    }

    private static string Utf8(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
