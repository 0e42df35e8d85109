using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Gemini;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols;

/// <summary>
/// Answers that are no chat: pictures, sound, transcripts, vectors, rankings, judgements. Whole:
/// <code>
/// {"created":1,"data":[{"b64_json":"…"}],"usage":{"input_tokens":9,"output_tokens":4160,…}}            images
/// {"text":"…","usage":{"type":"duration","seconds":61}}                                                transcripts
/// {"results":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":38}}                          rerank, Jina
/// {"results":[…],"meta":{"billed_units":{"search_units":1},"tokens":{"input_tokens":38}}}              rerank, Cohere
/// {"embedding":{"values":[…]},"usageMetadata":{"promptTokenCount":9}}  {"embeddings":[…]}  {"predictions":[…]}  {"totalTokens":9}             Gemini
/// </code>
/// and as events:
/// <code>
/// {"type":"image_generation.partial_image","b64_json":"…"}   {"type":"image_generation.completed","b64_json":"…","usage":{…}}
/// {"type":"transcript.text.delta","delta":"Hi"}              {"type":"transcript.text.done","text":"Hi","usage":{…}}
/// {"type":"speech.audio.delta","audio":"…"}                  {"type":"speech.audio.done","usage":{…}}
/// </code>
/// </summary>
internal sealed class DocumentTap(Dialect dialect) : FrameTap
{
    private OpenAIUsage _usage;
    private GeminiUsage _geminiUsage;

    public override Usage Usage => _usage.ToUsage(totalIsInput: true) is { IsEmpty: false } usage ? usage : _geminiUsage.ToUsage(tools: null);

    private protected override FrameKind Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return FrameKind.Malformed;
        }

        var usage = default(OpenAIUsage);
        var type = name;
        var delivered = false;
        var texts = 0;
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
                case 5 when member.SequenceEqual("usage"u8):
                    reader.Read();
                    usage.Read(ref reader);
                    break;
                case 13 when member.SequenceEqual("usageMetadata"u8):
                    reader.Read();
                    _geminiUsage.Read(ref reader);
                    break;
                case 4 when member.SequenceEqual("meta"u8):
                    reader.Read();
                    ReadMeta(ref reader, ref usage);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    break;
                case 8 when member.SequenceEqual("duration"u8):
                    reader.Read();
                    usage.TakeSeconds(ref reader);
                    break;
                case 4 when member.SequenceEqual("data"u8):
                case 11 when member.SequenceEqual("predictions"u8):
                    reader.Read();
                    delivered |= CountImages(ref reader);
                    break;
                case 7 when member.SequenceEqual("results"u8) || member.SequenceEqual("choices"u8):
                case 6 when member.SequenceEqual("output"u8):
                case 9 when member.SequenceEqual("embedding"u8):
                case 10 when member.SequenceEqual("embeddings"u8):
                case 11 when member.SequenceEqual("totalTokens"u8):
                case 12 when member.SequenceEqual("input_tokens"u8):
                    reader.Read();
                    delivered |= reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject or JsonTokenType.Number;
                    reader.Skip();
                    break;
                case 4 when member.SequenceEqual("text"u8):
                case 5 when member.SequenceEqual("delta"u8) || member.SequenceEqual("audio"u8):
                case 8 when member.SequenceEqual("b64_json"u8):
                    // A transcript's last event repeats the text of all others.
                    reader.Read();
                    delivered |= reader.TokenType == JsonTokenType.String;
                    texts++;
                    reader.Skip();
                    break;
                default:
                    // A document of a kind that is not listed above is an answer all the same.
                    delivered |= IsWhole && dialect is Dialect.OpenAISearch or Dialect.GeminiAction or Dialect.AnthropicCountTokens;
                    reader.Skip();
                    break;
            }
        }

        reader.Read();
        _usage.Merge(usage);
        if (!error.IsEmpty || type.SequenceEqual("error"u8))
        {
            Error ??= UpstreamError.InBand(error.IsEmpty ? json : error);
            return FrameKind.Error;
        }

        Delivered |= delivered;
        if (IsWhole)
        {
            return FrameKind.Meaningful;
        }

        var completed = type.EndsWith(".completed"u8);
        if (completed && texts > 0)
        {
            Images++;
        }

        if (!completed && !type.EndsWith(".done"u8))
        {
            return delivered ? FrameKind.Meaningful : FrameKind.None;
        }

        Finished = true;
        UsageComplete = true;
        return FrameKind.Meaningful | FrameKind.Complete;
    }

    /// <summary>Elements of <c>data</c>: pictures, where the dialect is one of pictures.</summary>
    private bool CountImages(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }

        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            reader.Skip();
        }

        Images += dialect is Dialect.OpenAIImages or Dialect.OpenAIImageEdits or Dialect.GeminiAction ? count : 0;
        return count > 0;
    }

    /// <summary>Cohere: <c>"tokens":{"input_tokens":38,"output_tokens":0}</c>; Jina: <c>"usage":{"total_tokens":38}</c> in older answers.</summary>
    private static void ReadMeta(ref Utf8JsonReader reader, ref OpenAIUsage usage)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var counts = reader.ValueSpan.SequenceEqual("tokens"u8) || reader.ValueSpan.SequenceEqual("usage"u8);
            reader.Read();
            if (counts)
            {
                usage.Read(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }
}
