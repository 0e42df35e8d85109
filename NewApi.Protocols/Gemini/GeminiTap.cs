using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Pricing;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// Generated content, whole or in chunks; every chunk repeats the usage so far:
/// <code>
/// {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"finishReason":"STOP","index":0}],
///  "usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,"thoughtsTokenCount":2,"totalTokenCount":15,
///   "cachedContentTokenCount":8,"toolUsePromptTokenCount":1,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":3}]},
///  "modelVersion":"…","responseId":"…"}
/// {"error":{"code":503,"message":"…","status":"UNAVAILABLE"}}
/// </code>
/// A stream without <c>alt=sse</c> is one JSON array of such chunks.
/// </summary>
internal sealed class GeminiTap : FrameTap
{
    private GeminiUsage _usage;
    private bool _grounded;
    private bool _hasUsage;

    public override Usage Usage => _usage.ToUsage(ToolUses.Of(ToolPrices.GoogleSearch, _grounded ? 1 : null));

    private protected override FrameKind Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var kind = FrameKind.None;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                kind |= ReadChunk(ref reader, json);
            }
        }
        else
        {
            kind = ReadChunk(ref reader, json);
        }

        reader.Read();
        UsageComplete |= _hasUsage && (IsWhole || Finished);
        return (kind & FrameKind.Error) != 0 ? FrameKind.Error : kind;
    }

    private FrameKind ReadChunk(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return FrameKind.Malformed;
        }

        var kind = FrameKind.None;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 10 when member.SequenceEqual("candidates"u8):
                    reader.Read();
                    kind |= ReadCandidates(ref reader, json);
                    break;
                case 13 when member.SequenceEqual("usageMetadata"u8):
                    reader.Read();
                    _hasUsage |= _usage.Read(ref reader);
                    break;
                case 14 when member.SequenceEqual("promptFeedback"u8):
                    reader.Read();
                    kind |= ReadFeedback(ref reader);
                    break;
                case 12 when member.SequenceEqual("modelVersion"u8):
                    reader.Read();
                    NoteModel(ref reader);
                    break;
                case 10 when member.SequenceEqual("responseId"u8):
                    reader.Read();
                    NoteId(ref reader);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    var error = UpstreamError.Slice(ref reader, json);
                    if (!error.IsEmpty)
                    {
                        Error ??= UpstreamError.InBand(error);
                        kind |= FrameKind.Error;
                    }

                    break;
                case 9 when member.SequenceEqual("embedding"u8):
                case 10 when member.SequenceEqual("embeddings"u8):
                case 11 when member.SequenceEqual("predictions"u8):
                    reader.Read();
                    Delivered = true;
                    kind |= FrameKind.Meaningful;
                    reader.Skip();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return kind;
    }

    private FrameKind ReadCandidates(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var kind = FrameKind.None;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return kind;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
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
                    case 7 when member.SequenceEqual("content"u8):
                        reader.Read();
                        kind |= ReadContent(ref reader, json);
                        break;
                    case 12 when member.SequenceEqual("finishReason"u8):
                        reader.Read();
                        kind |= NoteFinish(ref reader) ? FrameKind.Meaningful : FrameKind.None;
                        break;
                    case 17 when member.SequenceEqual("groundingMetadata"u8):
                        reader.Read();
                        ReadGrounding(ref reader);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }

        return kind;
    }

    private FrameKind ReadContent(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var kind = FrameKind.None;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return kind;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var parts = reader.ValueSpan.SequenceEqual("parts"u8);
            reader.Read();
            if (!parts || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                kind |= ReadPart(ref reader, json);
            }
        }

        return kind;
    }

    private FrameKind ReadPart(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var kind = FrameKind.None;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return kind;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("text"u8):
                    reader.Read();
                    kind |= Deliver(ref reader) ? FrameKind.Meaningful : FrameKind.None;
                    break;
                case 12 when member.SequenceEqual("functionCall"u8):
                    reader.Read();
                    ToolCalls++;
                    ReadPieces(ref reader, json);
                    kind |= FrameKind.Meaningful;
                    break;
                case 14 when member.SequenceEqual("executableCode"u8):
                case 19 when member.SequenceEqual("codeExecutionResult"u8):
                    reader.Read();
                    ReadPieces(ref reader, json);
                    kind |= FrameKind.Meaningful;
                    break;
                case 8 when member.SequenceEqual("fileData"u8):
                case 10 when member.SequenceEqual("inlineData"u8):
                    Delivered = true;
                    kind |= FrameKind.Meaningful;
                    reader.Skip();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return kind;
    }

    /// <summary>Name and arguments of a call, code and its output.</summary>
    private void ReadPieces(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        Delivered = true;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("args"u8))
            {
                Count(UpstreamError.Slice(ref reader, json), escaped: false);
            }
            else if (reader.ValueSpan.SequenceEqual("name"u8) || reader.ValueSpan.SequenceEqual("code"u8) || reader.ValueSpan.SequenceEqual("output"u8))
            {
                reader.Read();
                Deliver(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>A refused prompt is an answer without candidates: <c>"promptFeedback":{"blockReason":"SAFETY"}</c>.</summary>
    private FrameKind ReadFeedback(ref Utf8JsonReader reader)
    {
        var kind = FrameKind.None;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return kind;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var reason = reader.ValueSpan.SequenceEqual("blockReason"u8);
            reader.Read();
            if (reason)
            {
                kind |= NoteFinish(ref reader) ? FrameKind.Meaningful : FrameKind.None;
            }
            else
            {
                reader.Skip();
            }
        }

        return kind;
    }

    private void ReadGrounding(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var queries = reader.ValueSpan.SequenceEqual("webSearchQueries"u8);
            reader.Read();
            if (queries && reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.EndArray)
                {
                    _grounded = true;
                    do
                    {
                        reader.Skip();
                    }
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray);
                }
            }
            else
            {
                reader.Skip();
            }
        }
    }
}
