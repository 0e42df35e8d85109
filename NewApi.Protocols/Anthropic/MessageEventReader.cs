using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

/// <summary>Reads the events of an Anthropic stream; <see cref="AnthropicTap"/> shows what they look like.</summary>
internal sealed class MessageEventReader : ChatReplyReader
{
    private readonly List<Block> _calls = [];
    private AnthropicUsage _usage;
    private int _callCount;
    private byte[]? _id;
    private byte[]? _name;
    private byte[]? _title;

    public override Usage Usage => _usage.ToUsage();

    private protected override void ReadEvent(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, ReplySink sink)
    {
        var type = name;
        var index = 0;
        var usage = default(AnthropicUsage);
        var hasUsage = false;
        var inner = default(Utf8JsonReader);
        var kind = EventKind.Other;
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
                case 5 when member.SequenceEqual("index"u8):
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.Number)
                    {
                        reader.TryGetInt32(out index);
                    }

                    reader.Skip();
                    break;
                case 5 when member.SequenceEqual("delta"u8):
                    kind = EventKind.Delta;
                    reader.Read();
                    inner = reader;
                    reader.Skip();
                    break;
                case 13 when member.SequenceEqual("content_block"u8):
                    kind = EventKind.Block;
                    reader.Read();
                    inner = reader;
                    reader.Skip();
                    break;
                case 7 when member.SequenceEqual("message"u8):
                    kind = EventKind.Message;
                    reader.Read();
                    inner = reader;
                    reader.Skip();
                    break;
                case 5 when member.SequenceEqual("usage"u8):
                    reader.Read();
                    hasUsage |= usage.Read(ref reader);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        // Whatever follows the object makes the reader throw, before anything is told.
        reader.Read();
        if (!error.IsEmpty || type.SequenceEqual("error"u8))
        {
            _usage.Merge(usage);
            Fail(error, json);
            return;
        }

        if (kind != EventKind.Other && inner.TokenType == JsonTokenType.StartObject)
        {
            switch (kind)
            {
                case EventKind.Message when type.SequenceEqual("message_start"u8):
                    ReadStart(ref inner, ref usage, ref hasUsage, sink);
                    break;
                case EventKind.Block when type.SequenceEqual("content_block_start"u8):
                    ReadBlock(ref inner, json, index, sink);
                    break;
                case EventKind.Delta when type.SequenceEqual("content_block_delta"u8):
                    ReadDelta(ref inner, index, sink);
                    break;
                case EventKind.Delta when type.SequenceEqual("message_delta"u8):
                    ReadEnd(ref inner, sink);
                    break;
            }
        }

        if (hasUsage)
        {
            // The opening event has a placeholder for the output.
            UsageComplete |= type.SequenceEqual("message_delta"u8);
            _usage.Merge(usage);
            sink.Usage(_usage.ToUsage());
        }

        if (type.SequenceEqual("message_stop"u8))
        {
            Ended = true;
            Kind |= FrameKind.Terminal;
        }
    }

    private static void ReadStart(ref Utf8JsonReader reader, ref AnthropicUsage usage, ref bool hasUsage, ReplySink sink)
    {
        string id = "", model = "";
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            if (member.SequenceEqual("id"u8))
            {
                reader.Read();
                id = WordOf(ref reader) ?? "";
            }
            else if (member.SequenceEqual("model"u8))
            {
                reader.Read();
                model = WordOf(ref reader) ?? "";
            }
            else if (member.SequenceEqual("usage"u8))
            {
                reader.Read();
                hasUsage |= usage.Read(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        sink.Start(new ReplyHead(id, model, 0) { SignsReasoning = true });
    }

    private static string? WordOf(ref Utf8JsonReader reader)
    {
        var word = reader.TokenType == JsonTokenType.String ? JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped) : null;
        reader.Skip();
        return word;
    }

    private void ReadBlock(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, int index, ReplySink sink)
    {
        ReadOnlySpan<byte> type = default, id = default, name = default, text = default, signature = default, input = default;
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
                case 2 when member.SequenceEqual("id"u8):
                    reader.Read();
                    id = JsonText.Utf8Of(ref reader, ref _id);
                    reader.Skip();
                    break;
                case 4 when member.SequenceEqual("name"u8):
                    reader.Read();
                    name = JsonText.Utf8Of(ref reader, ref _name);
                    reader.Skip();
                    break;
                case 4 when member.SequenceEqual("text"u8) || member.SequenceEqual("data"u8):
                case 8 when member.SequenceEqual("thinking"u8):
                    reader.Read();
                    text = TextOf(ref reader);
                    reader.Skip();
                    break;
                case 9 when member.SequenceEqual("signature"u8):
                    reader.Read();
                    signature = JsonText.Utf8Of(ref reader, ref _title);
                    reader.Skip();
                    break;
                case 5 when member.SequenceEqual("input"u8):
                    input = UpstreamError.Slice(ref reader, json);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (type.SequenceEqual("tool_use"u8))
        {
            var call = _callCount++;
            _calls.RemoveAll(block => block.Index == index);
            _calls.Add(new Block(index, call));
            sink.ToolCall(0, call, id, name);
            if (!input.IsEmpty)
            {
                // Some gateways send the whole input at once.
                sink.ToolArguments(0, call, input);
            }
        }
        else if (type.EndsWith("tool_use"u8))
        {
            Worked = true;
            Kind |= FrameKind.Meaningful;
        }
        else if (type.SequenceEqual("text"u8))
        {
            if (!text.IsEmpty)
            {
                sink.Text(0, text);
            }
        }
        else if (type.SequenceEqual("thinking"u8))
        {
            // It opens long before its first words.
            Kind |= FrameKind.Meaningful;
            if (!text.IsEmpty)
            {
                sink.Reasoning(0, text);
            }

            if (!signature.IsEmpty)
            {
                sink.ReasoningSignature(0, signature);
            }
        }
        else if (type.SequenceEqual("redacted_thinking"u8) && !text.IsEmpty)
        {
            sink.EncryptedReasoning(0, text);
        }
        else if (type.EndsWith("_result"u8))
        {
            // What a tool of the upstream's own found.
            Kind |= FrameKind.Meaningful;
        }
    }

    private void ReadDelta(ref Utf8JsonReader reader, int index, ReplySink sink)
    {
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("text"u8):
                    reader.Read();
                    if (TextOf(ref reader) is { IsEmpty: false } text)
                    {
                        sink.Text(0, text);
                    }

                    break;
                case 8 when member.SequenceEqual("thinking"u8):
                    reader.Read();
                    if (TextOf(ref reader) is { IsEmpty: false } thought)
                    {
                        sink.Reasoning(0, thought);
                    }

                    break;
                case 9 when member.SequenceEqual("signature"u8):
                    reader.Read();
                    if (TextOf(ref reader) is { IsEmpty: false } signature)
                    {
                        sink.ReasoningSignature(0, signature);
                    }

                    break;
                case 12 when member.SequenceEqual("partial_json"u8):
                    reader.Read();
                    if (TextOf(ref reader) is { IsEmpty: false } piece)
                    {
                        Kind |= FrameKind.Meaningful;
                        if (CallOf(index) is >= 0 and var call)
                        {
                            sink.ToolArguments(0, call, piece);
                        }
                    }

                    break;
                case 8 when member.SequenceEqual("citation"u8):
                    reader.Read();
                    ReadCitation(ref reader, sink);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    /// <summary>Input of tools that the upstream runs itself belongs to no call of the caller's.</summary>
    private int CallOf(int index)
    {
        for (var at = _calls.Count - 1; at >= 0; at--)
        {
            if (_calls[at].Index == index)
            {
                return _calls[at].Call;
            }
        }

        return -1;
    }

    private void ReadCitation(ref Utf8JsonReader reader, ReplySink sink)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        ReadOnlySpan<byte> url = default, title = default;
        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("url"u8))
            {
                reader.Read();
                url = TextOf(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("title"u8))
            {
                reader.Read();
                title = JsonText.Utf8Of(ref reader, ref _title);
            }
            else
            {
                reader.Skip();
            }
        }

        if (!url.IsEmpty)
        {
            sink.Citation(0, url, title);
        }
    }

    private static void ReadEnd(ref Utf8JsonReader reader, ReplySink sink)
    {
        string? reason = null, sequence = null;
        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("stop_reason"u8))
            {
                reader.Read();
                reason = reader.TokenType == JsonTokenType.String ? JsonFields.Word(ref reader) : null;
                reader.Skip();
            }
            else if (reader.ValueSpan.SequenceEqual("stop_sequence"u8))
            {
                reader.Read();
                sequence = WordOf(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        if (reason is { Length: > 0 })
        {
            sink.Finish(0, StopReasons.Read(reason, sequence));
        }
    }

    private readonly record struct Block(int Index, int Call);

    private enum EventKind
    {
        Other,
        Message,
        Block,
        Delta,
    }
}
