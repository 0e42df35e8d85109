using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Reads responses, as events or whole. The events of an item come before the item itself, which repeats them; an upstream that only gives
/// whole items, or only the whole response at the end, is read as well.
/// <code>
/// {"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"call_1","name":"f","arguments":""}}
/// {"type":"response.function_call_arguments.delta","output_index":1,"delta":"{"}
/// {"type":"response.output_item.done","output_index":1,"item":{"type":"function_call",…,"arguments":"{}"}}
/// </code>
/// </summary>
internal sealed class ResponsesReplyReader : ChatReplyReader
{
    private const int MostItems = 4096;

    private readonly List<Item> _items = [];
    private readonly BuiltInCalls _tools = new();
    private OpenAIUsage _usage;
    private bool _started;
    private bool _finished;
    private int _calls;

    // The last thing told was thoughts: further ones are another paragraph.
    private bool _thought;

    public override Usage Usage => _usage.ToUsage() with { Tools = _tools.Uses };

    private protected override void ReadEvent(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, ReplySink sink)
    {
        // The type decides what the other members mean, and nobody promises that it comes first.
        var type = name;
        Utf8JsonReader delta = default;
        ReadOnlySpan<byte> item = default;
        ReadOnlySpan<byte> response = default;
        ReadOnlySpan<byte> annotation = default;
        ReadOnlySpan<byte> error = default;
        var index = 0;
        var summary = 0;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("type"u8):
                    reader.Read();
                    type = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : type;
                    break;
                case 5 when member.SequenceEqual("delta"u8):
                    reader.Read();
                    delta = reader;
                    break;
                case 4 when member.SequenceEqual("item"u8):
                    item = UpstreamError.Slice(ref reader, json);
                    continue;
                case 8 when member.SequenceEqual("response"u8):
                    response = UpstreamError.Slice(ref reader, json);
                    continue;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    continue;
                case 10 when member.SequenceEqual("annotation"u8):
                    annotation = UpstreamError.Slice(ref reader, json);
                    continue;
                case 12 when member.SequenceEqual("output_index"u8):
                    reader.Read();
                    index = Number(reader);
                    break;
                case 13 when member.SequenceEqual("summary_index"u8):
                    reader.Read();
                    summary = Number(reader);
                    break;
                default:
                    reader.Read();
                    break;
            }

            reader.Skip();
        }

        // Whatever follows the object makes the reader throw, before anything is told.
        reader.Read();
        if (type.SequenceEqual("error"u8) || (!error.IsEmpty && response.IsEmpty))
        {
            Fail(error, json);
            return;
        }

        if (!type.StartsWith("response."u8))
        {
            return;
        }

        type = type["response."u8.Length..];
        if (delta.TokenType == JsonTokenType.String)
        {
            Kind |= delta.ValueSpan.IsEmpty ? FrameKind.None : FrameKind.Meaningful;
            Delta(type, ref delta, index, summary, sink);
        }
        else if (!item.IsEmpty && (type.SequenceEqual("output_item.added"u8) || type.SequenceEqual("output_item.done"u8)))
        {
            var done = type.EndsWith("done"u8);
            if (done)
            {
                _tools.ReadItem(item);
            }

            ReadItem(item, index, done, sink);
        }
        else if (IsEnd(type))
        {
            End(type, response, sink);
        }
        else if (!annotation.IsEmpty)
        {
            Of(index).Cited = true;
            ReadAnnotation(annotation, sink);
        }
        else if (!response.IsEmpty)
        {
            ReadResponse(response, sink, complete: false);
        }

        Kind |= type.EndsWith(".done"u8) || type.IndexOf("_call."u8) >= 0 ? FrameKind.Meaningful : FrameKind.None;
    }

    private static bool IsEnd(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("completed"u8) || type.SequenceEqual("incomplete"u8) || type.SequenceEqual("failed"u8)
        || type.SequenceEqual("cancelled"u8) || type.SequenceEqual("done"u8);

    private void End(ReadOnlySpan<byte> type, ReadOnlySpan<byte> response, ReplySink sink)
    {
        if (!response.IsEmpty)
        {
            ReadResponse(response, sink, complete: !type.SequenceEqual("failed"u8) && !type.SequenceEqual("cancelled"u8));
        }

        if (type.SequenceEqual("failed"u8))
        {
            Fail("{}"u8, default);
        }

        Ended |= Error is null;
        Kind |= FrameKind.Terminal;
    }

    /// <summary>Reads a response object: head at the start of a stream, everything at its end, or a whole answer.</summary>
    internal void ReadResponse(ReadOnlySpan<byte> json, ReplySink sink, bool complete)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A response must be an object.");
        }

        string id = "", model = "";
        string? status = null, reason = null;
        long created = 0;
        ReadOnlySpan<byte> output = default;
        ReadOnlySpan<byte> error = default;
        var hasUsage = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 2 when member.SequenceEqual("id"u8):
                    reader.Read();
                    id = Short(reader) ?? id;
                    break;
                case 5 when member.SequenceEqual("model"u8):
                    reader.Read();
                    model = Short(reader) ?? model;
                    break;
                case 6 when member.SequenceEqual("status"u8):
                    reader.Read();
                    status = Short(reader);
                    break;
                case 10 when member.SequenceEqual("created_at"u8):
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.Number && !reader.TryGetInt64(out created) && reader.TryGetDouble(out var real) && real is > 0 and < 1e12)
                    {
                        created = (long)real;
                    }

                    break;
                case 6 when member.SequenceEqual("output"u8):
                    output = UpstreamError.Slice(ref reader, json);
                    continue;
                case 18 when member.SequenceEqual("incomplete_details"u8):
                    reader.Read();
                    reason = Reason(ref reader);
                    continue;
                case 5 when member.SequenceEqual("usage"u8):
                    reader.Read();
                    hasUsage |= _usage.Read(ref reader);
                    continue;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    continue;
                case 5 when complete && member.SequenceEqual("tools"u8):
                    reader.Read();
                    _tools.ReadOffered(ref reader);
                    continue;
                default:
                    reader.Read();
                    break;
            }

            reader.Skip();
        }

        if (!_started)
        {
            _started = true;
            sink.Start(new ReplyHead(id, model, created));
        }

        UsageComplete |= hasUsage;
        if (!error.IsEmpty)
        {
            Fail(error, json);
            return;
        }

        if (!complete || _finished)
        {
            return;
        }

        _tools.ReadOutput(output);

        if (_items.Count == 0 && !output.IsEmpty)
        {
            ReadOutput(output, sink);
        }

        _finished = true;
        sink.Finish(0, status == "incomplete" || reason is not null
            ? reason == "content_filter" ? FinishReason.ContentFilter : FinishReason.Length
            : _calls > 0 ? FinishReason.ToolCalls : FinishReason.Stop);
        if (hasUsage)
        {
            sink.Usage(_usage.ToUsage());
        }
    }

    private static int Number(in Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && number is >= 0 and < MostItems ? number : 0;

    private static string? Short(in Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= 256 ? JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped) : null;

    private static string? Reason(ref Utf8JsonReader reader)
    {
        string? reason = null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return reason;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var found = reader.ValueSpan.SequenceEqual("reason"u8);
            reader.Read();
            reason = found ? Short(reader) : reason;
            reader.Skip();
        }

        return reason;
    }

    private Item Of(int index)
    {
        while (_items.Count <= index)
        {
            _items.Add(new Item());
        }

        return _items[index];
    }

    private void Delta(ReadOnlySpan<byte> type, ref Utf8JsonReader delta, int index, int summary, ReplySink sink)
    {
        var text = TextOf(ref delta);
        if (text.IsEmpty)
        {
            return;
        }

        var item = Of(index);
        if (type.SequenceEqual("output_text.delta"u8))
        {
            (item.HasText, _thought) = (true, false);
            sink.Text(0, text);
        }
        else if (type.SequenceEqual("function_call_arguments.delta"u8))
        {
            if (item.Call >= 0)
            {
                item.HasText = true;
                sink.ToolArguments(0, item.Call, text);
            }
        }
        else if (type.SequenceEqual("reasoning_summary_text.delta"u8) || type.SequenceEqual("reasoning_text.delta"u8)
            || type.SequenceEqual("reasoning_summary.delta"u8))
        {
            if (_thought && (!item.HasText || item.Summary != summary))
            {
                sink.Reasoning(0, "\n\n"u8);
            }

            (item.HasText, item.Summary, _thought) = (true, summary, true);
            sink.Reasoning(0, text);
        }
        else if (type.SequenceEqual("refusal.delta"u8))
        {
            (item.HasText, _thought) = (true, false);
            sink.Refusal(0, text);
        }
    }

    private void ReadOutput(ReadOnlySpan<byte> json, ReplySink sink)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        var index = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray && index < MostItems)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            ReadItem(json[start..(int)reader.BytesConsumed], index++, done: true, sink);
        }
    }

    private void ReadItem(ReadOnlySpan<byte> json, int index, bool done, ReplySink sink)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        Utf8JsonReader type = default, callId = default, name = default, arguments = default, encrypted = default, result = default, format = default;
        ReadOnlySpan<byte> content = default;
        ReadOnlySpan<byte> summary = default;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("type"u8):
                    reader.Read();
                    type = reader;
                    break;
                case 7 when member.SequenceEqual("call_id"u8):
                    reader.Read();
                    callId = reader;
                    break;
                case 4 when member.SequenceEqual("name"u8):
                    reader.Read();
                    name = reader;
                    break;
                case 9 when member.SequenceEqual("arguments"u8):
                case 5 when member.SequenceEqual("input"u8):
                    reader.Read();
                    arguments = reader;
                    break;
                case 17 when member.SequenceEqual("encrypted_content"u8):
                    reader.Read();
                    encrypted = reader;
                    break;
                case 6 when member.SequenceEqual("result"u8):
                    reader.Read();
                    result = reader;
                    break;
                case 13 when member.SequenceEqual("output_format"u8):
                    reader.Read();
                    format = reader;
                    break;
                case 7 when member.SequenceEqual("content"u8):
                    content = UpstreamError.Slice(ref reader, json);
                    continue;
                case 7 when member.SequenceEqual("summary"u8):
                    summary = UpstreamError.Slice(ref reader, json);
                    continue;
                default:
                    reader.Read();
                    break;
            }

            reader.Skip();
        }

        var item = Of(index);
        var kind = type.TokenType == JsonTokenType.String ? type.ValueSpan : default;
        Kind |= done || !kind.SequenceEqual("message"u8) ? FrameKind.Meaningful : FrameKind.None;
        Worked |= (done && kind.SequenceEqual("message"u8)) || kind.SequenceEqual("mcp_call"u8);
        _thought &= kind.SequenceEqual("reasoning"u8);
        if (kind.SequenceEqual("function_call"u8) || kind.SequenceEqual("custom_tool_call"u8))
        {
            ReadCall(item, ref callId, ref name, ref arguments, kind[0] == (byte)'c', done, sink);
        }
        else if (done && kind.SequenceEqual("message"u8))
        {
            ReadTexts(content, item, sink);
        }
        else if (done && kind.SequenceEqual("reasoning"u8))
        {
            if (!item.HasText)
            {
                ReadThoughts(summary, sink);
                ReadThoughts(content, sink);
            }

            if (encrypted.TokenType == JsonTokenType.String && !encrypted.ValueSpan.IsEmpty)
            {
                byte[] marked = [.. ThoughtMark.OpenAI, .. TextOf(ref encrypted)];
                sink.EncryptedReasoning(0, marked);
            }
        }
        else if (done && kind.SequenceEqual("image_generation_call"u8) && result.TokenType == JsonTokenType.String)
        {
            byte[] mimeType = format.TokenType == JsonTokenType.String ? [.. "image/"u8, .. format.ValueSpan] : "image/png"u8.ToArray();
            sink.Image(0, mimeType, TextOf(ref result));
        }
    }

    private void ReadCall(
        Item item, ref Utf8JsonReader callId, ref Utf8JsonReader name, ref Utf8JsonReader arguments, bool custom, bool done, ReplySink sink)
    {
        if (item.Call < 0)
        {
            byte[]? scratch = null;
            item.Call = _calls++;
            sink.ToolCall(0, item.Call, JsonText.Utf8Of(ref callId, ref scratch), TextOf(ref name));
        }

        if (!done || item.HasText || arguments.TokenType != JsonTokenType.String || arguments.ValueSpan.IsEmpty)
        {
            return;
        }

        item.HasText = true;
        var text = TextOf(ref arguments);
        sink.ToolArguments(0, item.Call, custom ? Encoding.UTF8.GetBytes(CustomTools.ToArguments(Encoding.UTF8.GetString(text))) : text);
    }

    /// <summary>The content of a message whose text did not come in pieces, and its citations.</summary>
    private static void ReadTexts(ReadOnlySpan<byte> json, Item item, ReplySink sink)
    {
        if (json.IsEmpty)
        {
            return;
        }

        using var content = JsonDocument.Parse(json.ToArray());
        if (content.RootElement.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var part in content.RootElement.EnumerateArray())
        {
            if (!item.HasText && Say(part, "text"u8) is { Length: > 0 } text)
            {
                sink.Text(0, Encoding.UTF8.GetBytes(text));
            }
            else if (!item.HasText && Say(part, "refusal"u8) is { Length: > 0 } refusal)
            {
                sink.Refusal(0, Encoding.UTF8.GetBytes(refusal));
            }

            foreach (var annotation in item.Cited ? default : part.Items("annotations"u8))
            {
                Cite(annotation, sink);
            }

            if (part.Find("logprobs"u8) is { ValueKind: JsonValueKind.Array } probabilities && probabilities.GetArrayLength() > 0)
            {
                sink.LogProbs(0, Encoding.UTF8.GetBytes(probabilities.GetRawText()));
            }
        }
    }

    private void ReadThoughts(ReadOnlySpan<byte> json, ReplySink sink)
    {
        if (json.IsEmpty)
        {
            return;
        }

        using var parts = JsonDocument.Parse(json.ToArray());
        foreach (var part in parts.RootElement.ValueKind == JsonValueKind.Array ? parts.RootElement.EnumerateArray() : default)
        {
            if (Say(part, "text"u8) is { Length: > 0 } text)
            {
                if (_thought)
                {
                    sink.Reasoning(0, "\n\n"u8);
                }

                _thought = true;
                sink.Reasoning(0, Encoding.UTF8.GetBytes(text));
            }
        }
    }

    /// <summary>A member's text; unlike requests, answers with half a surrogate in them are told, with U+FFFD in its place.</summary>
    private static string? Say(JsonElement element, ReadOnlySpan<byte> name) =>
        element.Find(name) is { ValueKind: JsonValueKind.String } text
            ? JsonText.ToText(JsonMarshal.GetRawUtf8Value(text)[1..^1], escaped: true)
            : null;

    private static void ReadAnnotation(ReadOnlySpan<byte> json, ReplySink sink)
    {
        using var annotation = JsonDocument.Parse(json.ToArray());
        Cite(annotation.RootElement, sink);
    }

    private static void Cite(JsonElement annotation, ReplySink sink)
    {
        if (Say(annotation, "url"u8) is { Length: > 0 } url)
        {
            sink.Citation(0, Encoding.UTF8.GetBytes(url), Encoding.UTF8.GetBytes(Say(annotation, "title"u8) ?? ""));
        }
    }

    /// <summary>What has been told of an output item.</summary>
    private sealed class Item
    {
        public int Call { get; set; } = -1;

        public bool HasText { get; set; }

        public bool Cited { get; set; }

        public int Summary { get; set; }
    }
}
