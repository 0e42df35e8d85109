using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Chat and legacy completions, whole or in chunks, and embeddings:
/// <code>
/// {"id":"…","object":"chat.completion.chunk","created":1,"model":"…","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}
/// {"id":"…","object":"chat.completion.chunk","created":1,"model":"…","choices":[],"usage":{"prompt_tokens":9,…}}
/// </code>
/// </summary>
internal sealed class OpenAITap : FrameTap
{
    private OpenAIUsage _usage;
    private int _lastCall;

    public override Usage Usage => _usage.ToUsage();

    private protected override FrameKind Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return FrameKind.Malformed;
        }

        var usage = default(OpenAIUsage);
        var hasUsage = false;
        var choices = 0;
        var finished = Finished;
        var kind = FrameKind.None;
        var flatError = name.SequenceEqual("error"u8);
        ReadOnlySpan<byte> error = default;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 7 when member.SequenceEqual("choices"u8):
                    reader.Read();
                    choices = ReadChoices(ref reader, ref usage, ref hasUsage, ref kind);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    break;
                case 5 when member.SequenceEqual("model"u8):
                    reader.Read();
                    NoteModel(ref reader);
                    break;
                case 2 when member.SequenceEqual("id"u8):
                    reader.Read();
                    NoteId(ref reader);
                    break;
                case 7 when member.SequenceEqual("created"u8) && Created == 0:
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var created))
                    {
                        Created = created;
                    }

                    reader.Skip();
                    break;
                case 6 when member.SequenceEqual("object"u8):
                    // vLLM: {"object":"error","message":"…","code":400}
                    reader.Read();
                    flatError |= reader.TokenType == JsonTokenType.String && reader.ValueSpan.SequenceEqual("error"u8);
                    reader.Skip();
                    break;
                case 4 when member.SequenceEqual("data"u8) && IsWhole:
                    // Embeddings.
                    reader.Read();
                    Delivered |= reader.TokenType == JsonTokenType.StartArray;
                    reader.Skip();
                    break;
                default:
                    hasUsage |= usage.ReadMember(ref reader);
                    break;
            }
        }

        reader.Read();
        _usage.Merge(usage);
        UsageComplete |= hasUsage;
        if (!error.IsEmpty || flatError)
        {
            Error ??= UpstreamError.InBand(error.IsEmpty ? json : error);
            Finished = finished;
            return FrameKind.Error;
        }

        return hasUsage && choices == 0 ? FrameKind.UsageOnly : kind;
    }

    private int ReadChoices(ref Utf8JsonReader reader, ref OpenAIUsage usage, ref bool hasUsage, ref FrameKind kind)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return 0;
        }

        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            while (JsonFields.NextMember(ref reader))
            {
                var member = reader.ValueSpan;
                switch (member.Length)
                {
                    case 5 when member.SequenceEqual("delta"u8):
                    case 7 when member.SequenceEqual("message"u8):
                        reader.Read();
                        ReadMessage(ref reader, ref kind);
                        break;
                    case 4 when member.SequenceEqual("text"u8):
                        reader.Read();
                        kind |= Deliver(ref reader) ? FrameKind.Meaningful : FrameKind.None;
                        break;
                    case 13 when member.SequenceEqual("finish_reason"u8):
                        reader.Read();
                        kind |= NoteFinish(ref reader) ? FrameKind.Meaningful : FrameKind.None;
                        break;
                    case 5 when member.SequenceEqual("usage"u8):
                        reader.Read();
                        hasUsage |= usage.Read(ref reader);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }

        return count;
    }

    private void ReadMessage(ref Utf8JsonReader reader, ref FrameKind kind)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        var delivered = false;
        var reasoned = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 7 when member.SequenceEqual("content"u8):
                    reader.Read();
                    delivered |= ReadContent(ref reader);
                    break;
                case 7 when member.SequenceEqual("refusal"u8):
                    reader.Read();
                    delivered |= Deliver(ref reader);
                    break;

                // Some upstreams say the same thought under both names: it counts once.
                case 17 when member.SequenceEqual("reasoning_content"u8) && !reasoned:
                case 9 when member.SequenceEqual("reasoning"u8) && !reasoned:
                    reader.Read();
                    reasoned = ReadContent(ref reader);
                    break;
                case 10 when member.SequenceEqual("tool_calls"u8):
                    reader.Read();
                    delivered |= ReadCalls(ref reader);
                    break;
                case 13 when member.SequenceEqual("function_call"u8):
                    reader.Read();
                    delivered |= ReadCall(ref reader);
                    break;
                case 5 when member.SequenceEqual("audio"u8):
                    reader.Read();
                    delivered |= ReadAudio(ref reader);
                    break;
                case 6 when member.SequenceEqual("images"u8):
                    reader.Read();
                    delivered |= reader.TokenType == JsonTokenType.StartArray;
                    reader.Skip();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (delivered || reasoned)
        {
            Delivered = true;
            kind |= FrameKind.Meaningful;
        }
    }

    /// <summary>Text, or Mistral's parts: <c>[{"type":"thinking","thinking":[{"type":"text","text":"…"}]},{"type":"text","text":"…"}]</c>.</summary>
    private bool ReadContent(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return Deliver(ref reader);
        }

        var delivered = false;
        var top = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == top))
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueSpan.SequenceEqual("text"u8))
            {
                reader.Read();
                delivered |= Deliver(ref reader);
            }
        }

        return delivered;
    }

    private bool ReadCalls(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }

        var any = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            any |= ReadCall(ref reader);
        }

        return any;
    }

    /// <summary>
    /// <c>{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}</c>, then pieces with arguments only; or the
    /// legacy <c>{"name":"f","arguments":""}</c>. A call is new when it brings an id other than the last one, or a name and no id.
    /// </summary>
    private bool ReadCall(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var id = 0;
        var named = false;
        var top = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == top))
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var member = reader.ValueSpan;
            if (member.SequenceEqual("name"u8))
            {
                reader.Read();
                named |= Deliver(ref reader);
            }
            else if (member.SequenceEqual("arguments"u8) || member.SequenceEqual("input"u8))
            {
                reader.Read();
                Deliver(ref reader);
            }
            else if (member.SequenceEqual("id"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty)
                {
                    var hash = default(HashCode);
                    hash.AddBytes(reader.ValueSpan);
                    id = hash.ToHashCode() | 1;
                }

                reader.Skip();
            }
        }

        if (id != 0 ? id != _lastCall : named)
        {
            ToolCalls++;
            _lastCall = id;
        }

        return true;
    }

    private bool ReadAudio(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var any = false;
        while (JsonFields.NextMember(ref reader))
        {
            var transcript = reader.ValueSpan.SequenceEqual("transcript"u8);
            var data = reader.ValueSpan.SequenceEqual("data"u8);
            reader.Read();
            if (transcript)
            {
                any |= Deliver(ref reader);
            }
            else
            {
                any |= data && reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
                reader.Skip();
            }
        }

        return any;
    }
}
