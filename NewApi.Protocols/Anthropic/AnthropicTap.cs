using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Anthropic;

/// <summary>
/// Messages, whole or as events:
/// <code>
/// {"type":"message_start","message":{"id":"msg_1","model":"…","content":[],"usage":{"input_tokens":10,"output_tokens":1}}}
/// {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}
/// {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}
/// {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":20}}
/// {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}
/// </code>
/// </summary>
internal sealed class AnthropicTap : FrameTap
{
    private AnthropicUsage _usage;

    public override Usage Usage => _usage.ToUsage();

    private protected override FrameKind Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return FrameKind.Malformed;
        }

        var type = name;
        var usage = default(AnthropicUsage);
        var hasUsage = false;
        var kind = FrameKind.None;
        ReadOnlySpan<byte> error = default;
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
                    kind |= ReadBlock(ref reader, json);
                    break;
                case 13 when member.SequenceEqual("content_block"u8):
                    reader.Read();
                    kind |= ReadBlock(ref reader, json);
                    break;
                case 5 when member.SequenceEqual("usage"u8):
                    reader.Read();
                    hasUsage |= usage.Read(ref reader);
                    break;
                case 7 when member.SequenceEqual("message"u8):
                    reader.Read();
                    ReadOpening(ref reader, ref usage);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    break;
                case 2 when member.SequenceEqual("id"u8):
                    reader.Read();
                    NoteId(ref reader);
                    break;
                case 5 when member.SequenceEqual("model"u8):
                    reader.Read();
                    NoteModel(ref reader);
                    break;
                case 7 when member.SequenceEqual("content"u8):
                    reader.Read();
                    kind |= ReadContent(ref reader, json);
                    break;
                case 11 when member.SequenceEqual("stop_reason"u8):
                    reader.Read();
                    kind |= NoteFinish(ref reader) ? FrameKind.Meaningful : FrameKind.None;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Read();
        _usage.Merge(usage);
        UsageComplete |= hasUsage && (IsWhole || type.SequenceEqual("message_delta"u8));
        if (!error.IsEmpty || type.SequenceEqual("error"u8))
        {
            Error ??= UpstreamError.InBand(error.IsEmpty ? json : error);
            return FrameKind.Error;
        }

        if (type.SequenceEqual("message_stop"u8))
        {
            Finished = true;
            return kind | FrameKind.Terminal;
        }

        return kind;
    }

    private void ReadOpening(ref Utf8JsonReader reader, ref AnthropicUsage usage)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

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
                    usage.Read(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private FrameKind ReadContent(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var kind = FrameKind.None;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return kind;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            kind |= ReadBlock(ref reader, json);
        }

        return kind;
    }

    /// <summary>A content block, its opening, or a delta of one: they share their member names.</summary>
    private FrameKind ReadBlock(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return FrameKind.None;
        }

        var kind = FrameKind.None;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("type"u8):
                    reader.Read();
                    kind |= ReadType(ref reader);
                    break;
                case 4 when member.SequenceEqual("text"u8) || member.SequenceEqual("name"u8):
                case 8 when member.SequenceEqual("thinking"u8):
                case 12 when member.SequenceEqual("partial_json"u8):
                    reader.Read();
                    kind |= Deliver(ref reader) ? FrameKind.Meaningful : FrameKind.None;
                    break;
                case 5 when member.SequenceEqual("input"u8) && IsWhole:
                    var input = UpstreamError.Slice(ref reader, json);
                    Count(input, escaped: false);
                    break;
                case 11 when member.SequenceEqual("stop_reason"u8):
                    reader.Read();
                    kind |= NoteFinish(ref reader) ? FrameKind.Meaningful : FrameKind.None;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return kind;
    }

    private FrameKind ReadType(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return FrameKind.None;
        }

        var type = reader.ValueSpan;
        if (type.EndsWith("tool_use"u8))
        {
            ToolCalls++;
            Delivered = true;
            return FrameKind.Meaningful;
        }

        if (type.SequenceEqual("redacted_thinking"u8))
        {
            Delivered = true;
            return FrameKind.Meaningful;
        }

        // A thinking block opens long before its first words; results of server tools prove as much.
        return type.SequenceEqual("thinking"u8) || type.EndsWith("_result"u8) ? FrameKind.Meaningful : FrameKind.None;
    }
}
