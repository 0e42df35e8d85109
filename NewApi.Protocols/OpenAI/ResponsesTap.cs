using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Responses, whole or as events:
/// <code>
/// {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hi"}
/// {"type":"response.output_item.added","item":{"type":"function_call","call_id":"call_1","name":"f","arguments":""}}
/// {"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[…],"usage":{"input_tokens":9,…}}}
/// {"type":"error","code":"server_error","message":"…","param":null,"sequence_number":5}
/// </code>
/// </summary>
internal sealed class ResponsesTap : FrameTap
{
    private readonly BuiltInCalls _tools = new();
    private OpenAIUsage _usage;

    public override Usage Usage => _usage.ToUsage() with { Tools = _tools.Uses };

    private protected override FrameKind Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return FrameKind.Malformed;
        }

        // The type decides what the other members mean, and nobody promises that it comes first.
        var type = name;
        ReadOnlySpan<byte> delta = default;
        var deltaEscaped = false;
        ReadOnlySpan<byte> item = default;
        ReadOnlySpan<byte> response = default;
        ReadOnlySpan<byte> error = default;
        var isResponse = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("type"u8):
                    reader.Read();
                    type = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : type;
                    reader.Skip();
                    break;
                case 5 when member.SequenceEqual("delta"u8):
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.String)
                    {
                        delta = reader.ValueSpan;
                        deltaEscaped = reader.ValueIsEscaped;
                    }

                    reader.Skip();
                    break;
                case 4 when member.SequenceEqual("item"u8):
                    item = UpstreamError.Slice(ref reader, json);
                    break;
                case 8 when member.SequenceEqual("response"u8):
                    response = UpstreamError.Slice(ref reader, json);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    break;
                case 6 when member.SequenceEqual("object"u8):
                    reader.Read();
                    isResponse |= reader.TokenType == JsonTokenType.String && reader.ValueSpan.SequenceEqual("response"u8);
                    reader.Skip();
                    break;
                case 15 when member.SequenceEqual("sequence_number"u8):
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var sequence) && sequence < long.MaxValue)
                    {
                        NextSequence = Math.Max(NextSequence, sequence + 1);
                    }

                    reader.Skip();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Read();
        if (isResponse)
        {
            return ReadResponse(json, counts: true);
        }

        return Event(json, type, delta, deltaEscaped, item, response, error);
    }

    private FrameKind Event(
        ReadOnlySpan<byte> json,
        ReadOnlySpan<byte> type,
        ReadOnlySpan<byte> delta,
        bool deltaEscaped,
        ReadOnlySpan<byte> item,
        ReadOnlySpan<byte> response,
        ReadOnlySpan<byte> error)
    {
        if (type.SequenceEqual("error"u8) || (!error.IsEmpty && response.IsEmpty))
        {
            Error ??= UpstreamError.InBand(error.IsEmpty ? json : error);
            return FrameKind.Error;
        }

        if (!type.StartsWith("response."u8))
        {
            return FrameKind.None;
        }

        type = type["response."u8.Length..];
        if (type.EndsWith(".delta"u8))
        {
            if (!delta.IsEmpty)
            {
                Delivered = true;
                if (!type.EndsWith("audio.delta"u8))
                {
                    Count(delta, deltaEscaped);
                }
            }

            return delta.IsEmpty ? FrameKind.None : FrameKind.Meaningful;
        }

        if (type.SequenceEqual("output_item.added"u8))
        {
            return item.IsEmpty ? FrameKind.None : ReadItem(item, counts: true, done: false);
        }

        if (type.SequenceEqual("output_item.done"u8))
        {
            _tools.ReadItem(item);
            return item.IsEmpty ? FrameKind.Meaningful : ReadItem(item, counts: false, done: true) | FrameKind.Meaningful;
        }

        if (type.SequenceEqual("completed"u8) || type.SequenceEqual("incomplete"u8) || type.SequenceEqual("failed"u8)
            || type.SequenceEqual("cancelled"u8) || type.SequenceEqual("done"u8))
        {
            var kind = response.IsEmpty ? FrameKind.None : ReadResponse(response, counts: false);
            if (type.SequenceEqual("failed"u8))
            {
                Error ??= UpstreamError.InBand("{}"u8);
                kind |= FrameKind.Error;
            }

            Finished |= (kind & FrameKind.Error) == 0;
            return kind | FrameKind.Terminal;
        }

        return type.EndsWith(".done"u8) || type.IndexOf("_call."u8) >= 0 ? FrameKind.Meaningful : FrameKind.None;
    }

    private FrameKind ReadResponse(ReadOnlySpan<byte> json, bool counts)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return FrameKind.Malformed;
        }

        var usage = default(OpenAIUsage);
        var hasUsage = false;
        var kind = FrameKind.None;
        ReadOnlySpan<byte> error = default;
        string? reason = null;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 2 when member.SequenceEqual("id"u8):
                    reader.Read();
                    NoteId(ref reader);
                    break;
                case 5 when member.SequenceEqual("model"u8):
                    reader.Read();
                    NoteModel(ref reader);
                    break;
                case 5 when member.SequenceEqual("usage"u8):
                    reader.Read();
                    hasUsage |= usage.Read(ref reader);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    break;
                case 6 when member.SequenceEqual("status"u8):
                    reader.Read();
                    reason ??= reader.TokenType == JsonTokenType.String ? JsonFields.Word(ref reader) : null;
                    reader.Skip();
                    break;
                case 18 when member.SequenceEqual("incomplete_details"u8):
                    reader.Read();
                    reason = ReadReason(ref reader) ?? reason;
                    break;
                case 5 when member.SequenceEqual("tools"u8):
                    reader.Read();
                    _tools.ReadOffered(ref reader);
                    break;
                case 6 when member.SequenceEqual("output"u8):
                    var output = UpstreamError.Slice(ref reader, json);
                    _tools.ReadOutput(output);
                    kind |= ReadOutput(output, counts);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        _usage.Merge(usage);
        UsageComplete |= hasUsage;
        if (!error.IsEmpty)
        {
            Error ??= UpstreamError.InBand(error);
            return FrameKind.Error;
        }

        FinishReason = reason ?? FinishReason;
        Finished |= reason is not ("queued" or "in_progress");
        return kind | FrameKind.Meaningful;
    }

    private static string? ReadReason(ref Utf8JsonReader reader)
    {
        string? reason = null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var found = reader.ValueSpan.SequenceEqual("reason"u8);
            reader.Read();
            if (found && reader.TokenType == JsonTokenType.String)
            {
                reason = JsonFields.Word(ref reader);
            }

            reader.Skip();
        }

        return reason;
    }

    private FrameKind ReadOutput(ReadOnlySpan<byte> json, bool counts)
    {
        var kind = FrameKind.None;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        if (json.IsEmpty || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return kind;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            kind |= ReadItem(json[start..(int)reader.BytesConsumed], counts, done: true);
        }

        return kind;
    }

    private FrameKind ReadItem(ReadOnlySpan<byte> json, bool counts, bool done)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return FrameKind.None;
        }

        ReadOnlySpan<byte> type = default;
        var hasResult = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("type"u8):
                    reader.Read();
                    type = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : default;
                    reader.Skip();
                    break;
                case 6 when member.SequenceEqual("result"u8):
                    reader.Read();
                    hasResult = reader.TokenType == JsonTokenType.String;
                    reader.Skip();
                    break;
                case 4 when counts && member.SequenceEqual("name"u8):
                case 5 when counts && member.SequenceEqual("input"u8):
                case 9 when counts && member.SequenceEqual("arguments"u8):
                    reader.Read();
                    Deliver(ref reader);
                    break;
                case 7 when counts && (member.SequenceEqual("content"u8) || member.SequenceEqual("summary"u8)):
                    reader.Read();
                    ReadTexts(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (type.SequenceEqual("message"u8))
        {
            Delivered |= done;
            return done ? FrameKind.Meaningful : FrameKind.None;
        }

        Delivered |= done && hasResult && type.SequenceEqual("image_generation_call"u8);
        if (type.SequenceEqual("function_call"u8) || type.SequenceEqual("custom_tool_call"u8) || type.SequenceEqual("mcp_call"u8))
        {
            Delivered = true;
            ToolCalls += counts ? 1 : 0;
        }

        return FrameKind.Meaningful;
    }

    private void ReadTexts(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            Deliver(ref reader);
            return;
        }

        var top = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == top))
        {
            if (reader.TokenType == JsonTokenType.PropertyName
                && (reader.ValueSpan.SequenceEqual("text"u8) || reader.ValueSpan.SequenceEqual("refusal"u8)))
            {
                reader.Read();
                Deliver(ref reader);
            }
        }
    }
}
