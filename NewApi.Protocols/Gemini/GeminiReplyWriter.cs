using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>Writes whole answers for Gemini callers, and the pieces that streams share with them.</summary>
internal static class GeminiReplyWriter
{
    public static void Write(ChatReply reply, IBufferWriter<byte> output, ReplyContext context)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteStartArray("candidates"u8);
        for (var index = 0; index < reply.Choices.Count; index++)
        {
            WriteChoice(json, reply.Choices[index], index);
        }

        json.WriteEndArray();
        WriteUsage(json, reply.Usage);
        json.WriteString("modelVersion"u8, reply.Head.Model is { Length: > 0 } model ? model : context.Model);
        json.WriteString("responseId"u8, reply.Head.Id is { Length: > 0 } id ? id : context.RequestId);
        json.WriteEndObject();
    }

    public static ReadOnlySpan<byte> Finish(FinishReason reason) => reason.Value switch
    {
        "length" or "max_tokens" => "MAX_TOKENS"u8,
        "content_filter" or "refusal" => "SAFETY"u8,
        _ => "STOP"u8,
    };

    public static void WriteUsage(Utf8JsonWriter json, in Usage usage)
    {
        var prompt = usage.Input ?? 0;
        if (usage.Semantics == UsageSemantics.InputExcludesCache)
        {
            prompt += (usage.CacheRead ?? 0) + (usage.CacheWrite ?? 0);
        }

        var made = usage.Output ?? 0;
        var thoughts = Math.Min(usage.Reasoning ?? 0, made);
        json.WriteStartObject("usageMetadata"u8);
        json.WriteNumber("promptTokenCount"u8, prompt);
        json.WriteNumber("candidatesTokenCount"u8, made - thoughts);
        json.WriteNumber("totalTokenCount"u8, prompt + made);
        if (thoughts > 0)
        {
            json.WriteNumber("thoughtsTokenCount"u8, thoughts);
        }

        if (usage.CacheRead is { } cached)
        {
            json.WriteNumber("cachedContentTokenCount"u8, cached);
        }

        if (usage.ImageInput > 0 || usage.AudioInput > 0)
        {
            json.WriteStartArray("promptTokensDetails"u8);
            WriteModality(json, "TEXT"u8, prompt - (usage.ImageInput ?? 0) - (usage.AudioInput ?? 0));
            WriteModality(json, "IMAGE"u8, usage.ImageInput ?? 0);
            WriteModality(json, "AUDIO"u8, usage.AudioInput ?? 0);
            json.WriteEndArray();
        }

        if (usage.AudioOutput > 0)
        {
            json.WriteStartArray("candidatesTokensDetails"u8);
            WriteModality(json, "AUDIO"u8, usage.AudioOutput.Value);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public static void WriteText(Utf8JsonWriter json, string text, bool thought, string? signature)
    {
        json.WriteStartObject();
        json.WriteString("text"u8, text);
        if (thought)
        {
            json.WriteBoolean("thought"u8, true);
        }

        if (signature is not null)
        {
            json.WriteString("thoughtSignature"u8, signature);
        }

        json.WriteEndObject();
    }

    public static void WriteCall(
        Utf8JsonWriter json, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments, string? signature)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionCall"u8);
        json.WriteString("id"u8, id);
        json.WriteString("name"u8, name);
        json.WritePropertyName("args"u8);
        WriteArguments(json, arguments);
        json.WriteEndObject();
        if (signature is not null)
        {
            json.WriteString("thoughtSignature"u8, signature);
        }

        json.WriteEndObject();
    }

    public static void WriteMedia(Utf8JsonWriter json, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
        json.WriteStartObject();
        json.WriteStartObject("inlineData"u8);
        json.WriteString("mimeType"u8, mimeType);
        json.WriteString("data"u8, base64);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteSource(Utf8JsonWriter json, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title)
    {
        json.WriteStartObject();
        json.WriteStartObject("web"u8);
        json.WriteString("uri"u8, url);
        if (!title.IsEmpty)
        {
            json.WriteString("title"u8, title);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Arguments are an object here; what a model wrote otherwise is kept inside one.</summary>
    private static void WriteArguments(Utf8JsonWriter json, ReadOnlySpan<byte> arguments)
    {
        var value = arguments.Trim(" \t\r\n"u8);
        if (value.IsEmpty)
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
        else if (JsonText.IsObject(value))
        {
            json.WriteRawValue(value, skipInputValidation: true);
        }
        else
        {
            json.WriteStartObject();
            json.WriteString("arguments"u8, value);
            json.WriteEndObject();
        }
    }

    private static void WriteModality(Utf8JsonWriter json, ReadOnlySpan<byte> modality, long tokens)
    {
        if (tokens > 0)
        {
            json.WriteStartObject();
            json.WriteString("modality"u8, modality);
            json.WriteNumber("tokenCount"u8, tokens);
            json.WriteEndObject();
        }
    }

    private static void WriteChoice(Utf8JsonWriter json, ReplyChoice choice, int index)
    {
        json.WriteStartObject();
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        List<Citation>? cited = null;
        foreach (var part in choice.Parts)
        {
            WritePart(json, part);
            if (part is TextPart { Citations: { } citations })
            {
                (cited ??= []).AddRange(citations);
            }
        }

        json.WriteEndArray();
        json.WriteString("role"u8, "model"u8);
        json.WriteEndObject();
        json.WriteString("finishReason"u8, Finish(choice.Finish));
        if (cited is not null)
        {
            json.WriteStartObject("groundingMetadata"u8);
            json.WriteStartArray("groundingChunks"u8);
            foreach (var citation in cited)
            {
                WriteSource(json, Encoding.UTF8.GetBytes(citation.Url), Encoding.UTF8.GetBytes(citation.Title ?? ""));
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteNumber("index"u8, index);
        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, ChatPart part)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(json, text.Text, thought: false, null);
                break;
            case RefusalPart refusal:
                WriteText(json, refusal.Text, thought: false, null);
                break;
            case ReasoningPart { Encrypted: { } encrypted }:
                WriteText(json, "", thought: true, GeminiSignature.WrapEncrypted(Encoding.UTF8.GetBytes(encrypted)));
                break;
            case ReasoningPart reasoning:
                WriteText(json, reasoning.Text, thought: true, Wrap(reasoning.Signature));
                break;
            case ToolCallPart call:
                WriteCall(
                    json, Encoding.UTF8.GetBytes(call.Id), Encoding.UTF8.GetBytes(call.Name), Encoding.UTF8.GetBytes(call.Arguments), call.Signature);
                break;
            case ImagePart { Source: { Base64: { } data } source }:
                WriteMedia(json, Encoding.UTF8.GetBytes(source.MimeType ?? "image/png"), Encoding.UTF8.GetBytes(data));
                break;
            case AudioPart { Source: { Base64: { } data } source }:
                WriteMedia(json, Encoding.UTF8.GetBytes(source.MimeType ?? "audio/wav"), Encoding.UTF8.GetBytes(data));
                break;
            default:
                break;
        }
    }

    private static string? Wrap(string? signature) => signature is null ? null : GeminiSignature.Wrap(Encoding.UTF8.GetBytes(signature));
}
