using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// Chunks of generated content for a Gemini caller. A call's arguments are one object here, so they are kept until the choice is complete;
/// everything else goes out as it comes. The last chunk has no parts, but the finish reason and the usage.
/// </summary>
internal sealed class GeminiStreamWriter(IBufferWriter<byte> output, ReplyContext context) : ReplyStreamWriter
{
    private readonly List<Call> _calls = [];
    private readonly List<(int Choice, byte[] Url, byte[] Title)> _cited = [];
    private readonly List<(int Choice, FinishReason Reason)> _finished = [];
    private string _model = context.Model;
    private string _id = context.RequestId;
    private byte[]? _tail;

    public override void Start(in ReplyHead head)
    {
        _model = head.Model.Length > 0 ? head.Model : _model;
        _id = head.Id.Length > 0 ? head.Id : _id;
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8) => Piece(choice, utf8, "\""u8);

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8) => Piece(choice, utf8, "\",\"thought\":true"u8);

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature)
    {
        using (var json = Begin())
        {
            GeminiReplyWriter.WriteText(json, "", thought: true, GeminiSignature.Wrap(signature));
        }

        Tail(choice);
    }

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data)
    {
        using (var json = Begin())
        {
            GeminiReplyWriter.WriteText(json, "", thought: true, GeminiSignature.WrapEncrypted(data));
        }

        Tail(choice);
    }

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name) =>
        _calls.Add(new Call(choice, call, id.ToArray(), name.ToArray()));

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json) => Find(choice, call)?.Arguments.Write(json);

    public override void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature)
    {
        if (Find(choice, call) is { } open)
        {
            open.Signature = Encoding.UTF8.GetString(signature);
        }
    }

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
        WriteWholeCalls(choice);
        using (var json = Begin())
        {
            GeminiReplyWriter.WriteMedia(json, mimeType, base64);
        }

        Tail(choice);
    }

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
    {
        if (!base64.IsEmpty)
        {
            Image(choice, mimeType, base64);
        }

        if (!transcript.IsEmpty)
        {
            Text(choice, transcript);
        }
    }

    public override void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title) =>
        _cited.Add((choice, url.ToArray(), title.ToArray()));

    public override void Finish(int choice, FinishReason reason)
    {
        WriteCalls(choice);
        _finished.Add((choice, reason));
    }

    public override void End(in Usage usage)
    {
        while (_calls.Count > 0)
        {
            WriteCalls(_calls[0].Choice);
        }

        if (_finished.Count == 0)
        {
            _finished.Add((0, FinishReason.Stop));
        }

        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteStartArray("candidates"u8);
            foreach (var (choice, reason) in _finished)
            {
                WriteFinish(json, choice, reason);
            }

            json.WriteEndArray();
            GeminiReplyWriter.WriteUsage(json, usage);
            json.WriteString("modelVersion"u8, _model);
            json.WriteString("responseId"u8, _id);
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }

    private void WriteFinish(Utf8JsonWriter json, int choice, FinishReason reason)
    {
        json.WriteStartObject();
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        json.WriteEndArray();
        json.WriteString("role"u8, "model"u8);
        json.WriteEndObject();
        json.WriteString("finishReason"u8, GeminiReplyWriter.Finish(reason));
        WriteSources(json, choice);
        json.WriteNumber("index"u8, choice);
        json.WriteEndObject();
    }

    private void Piece(int choice, ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> after)
    {
        if (_calls.Count > 0)
        {
            WriteWholeCalls(choice);
        }

        output.Write("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\""u8);
        JsonText.WriteEscaped(output, utf8);
        output.Write(after);
        output.Write("}"u8);
        Tail(choice);
    }

    /// <summary>Before something else begins: calls whose arguments can be complete are, and keep their place before it.</summary>
    private void WriteWholeCalls(int choice)
    {
        while (_calls.Find(call => call.Choice == choice) is { } next && JsonText.IsObject(next.Arguments.WrittenSpan))
        {
            WriteCall(next);
            _calls.Remove(next);
        }
    }

    private Utf8JsonWriter Begin()
    {
        output.Write("data: {\"candidates\":[{\"content\":{\"parts\":["u8);
        return new Utf8JsonWriter(output, ErrorBody.WriterOptions);
    }

    private void Tail(int choice)
    {
        output.Write("],\"role\":\"model\"},\"index\":"u8);
        Span<byte> digits = stackalloc byte[11];
        choice.TryFormat(digits, out var length);
        output.Write(digits[..length]);
        output.Write(_tail ??= MakeTail());
    }

    private byte[] MakeTail()
    {
        var tail = new ArrayBufferWriter<byte>();
        tail.Write("}],\"modelVersion\":\""u8);
        JsonText.WriteEscaped(tail, Encoding.UTF8.GetBytes(_model));
        tail.Write("\",\"responseId\":\""u8);
        JsonText.WriteEscaped(tail, Encoding.UTF8.GetBytes(_id));
        tail.Write("\"}\n\n"u8);
        return tail.WrittenSpan.ToArray();
    }

    private Call? Find(int choice, int call) => _calls.Find(open => open.Choice == choice && open.Number == call);

    private void WriteCalls(int choice)
    {
        foreach (var call in _calls)
        {
            if (call.Choice == choice)
            {
                WriteCall(call);
            }
        }

        _calls.RemoveAll(call => call.Choice == choice);
    }

    private void WriteCall(Call call)
    {
        using (var json = Begin())
        {
            GeminiReplyWriter.WriteCall(json, call.Id, call.Name, call.Arguments.WrittenSpan, call.Signature);
        }

        Tail(call.Choice);
    }

    private void WriteSources(Utf8JsonWriter json, int choice)
    {
        if (!_cited.Exists(cited => cited.Choice == choice))
        {
            return;
        }

        json.WriteStartObject("groundingMetadata"u8);
        json.WriteStartArray("groundingChunks"u8);
        foreach (var (cited, url, title) in _cited)
        {
            if (cited == choice)
            {
                GeminiReplyWriter.WriteSource(json, url, title);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private sealed class Call(int choice, int number, byte[] id, byte[] name)
    {
        public int Choice => choice;

        public int Number => number;

        public byte[] Id => id;

        public byte[] Name => name;

        public string? Signature { get; set; }

        public ArrayBufferWriter<byte> Arguments { get; } = new();
    }
}
