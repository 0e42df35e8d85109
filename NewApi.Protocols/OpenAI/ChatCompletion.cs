using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>A whole answer of OpenAI chat, to and from the canonical one.</summary>
internal static class ChatCompletion
{
    public static ChatReply Read(ReadOnlyMemory<byte> body)
    {
        var root = JsonElement.Parse(body.Span);
        var reply = new ChatReply
        {
            Head = new ReplyHead(
                root.Word("id"u8) ?? "",
                root.Word("model"u8) ?? "",
                root.Find("created"u8) is { ValueKind: JsonValueKind.Number } created && created.TryGetInt64(out var seconds) ? seconds : 0),
            Usage = ReplyReader.Read(Dialect.OpenAIChat, body.Span).Usage,
        };
        foreach (var choice in root.Items("choices"u8))
        {
            reply.Choices.Add(ReadChoice(choice));
        }

        return reply;
    }

    private static ReplyChoice ReadChoice(JsonElement choice)
    {
        var read = new ReplyChoice { Finish = FinishReasons.Read(choice.Word("finish_reason"u8) ?? "stop") };
        if (choice.Find("logprobs"u8)?.Find("content"u8) is { ValueKind: JsonValueKind.Array } logProbs)
        {
            read.LogProbs = logProbs;
        }

        if (choice.Find("message"u8) is not { ValueKind: JsonValueKind.Object } message)
        {
            return read;
        }

        var parts = read.Parts;
        ReasoningDetails.Read(message, parts);
        ReadContent(message, parts);
        if (message.Word("refusal"u8) is { Length: > 0 } refusal)
        {
            parts.Add(new RefusalPart(refusal));
        }

        if (message.Find("audio"u8) is { ValueKind: JsonValueKind.Object } audio && audio.Word("data"u8) is { } data)
        {
            parts.Add(new AudioPart(new MediaSource { Base64 = data, MimeType = "audio/wav" }));
            if (audio.Word("transcript"u8) is { Length: > 0 } transcript)
            {
                parts.Add(new TextPart(transcript));
            }
        }

        foreach (var image in message.Items("images"u8))
        {
            if (image.Find("image_url"u8)?.Word("url"u8) is { } url)
            {
                parts.Add(new ImagePart(MediaSource.FromUrl(url)));
            }
        }

        foreach (var call in message.Items("tool_calls"u8))
        {
            ReadCall(call.Word("id"u8) ?? "", call.Find("function"u8), call, parts);
        }

        if (message.Find("function_call"u8) is { } legacy)
        {
            ReadCall("", legacy, legacy, parts);
        }

        return read;
    }

    private static void ReadContent(JsonElement message, List<ChatPart> parts)
    {
        List<Citation>? citations = null;
        foreach (var annotation in message.Items("annotations"u8))
        {
            var cited = annotation.Find("url_citation"u8) ?? annotation;
            if (cited.Word("url"u8) is { } url)
            {
                (citations ??= []).Add(new Citation(url, cited.Word("title"u8)));
            }
        }

        switch (message.Find("content"u8))
        {
            case { ValueKind: JsonValueKind.String } text when text.GetString() is { Length: > 0 } content:
                parts.Add(new TextPart(content) { Citations = citations });
                break;
            case { ValueKind: JsonValueKind.Array } items:
                foreach (var item in items.EnumerateArray())
                {
                    if (item.Word("type"u8) == "thinking")
                    {
                        parts.Add(new ReasoningPart(string.Concat(item.Items("thinking"u8).Select(thought => thought.Word("text"u8)))));
                    }
                    else if (item.Word("text"u8) is { Length: > 0 } piece)
                    {
                        parts.Add(new TextPart(piece) { Citations = citations });
                        citations = null;
                    }
                }

                break;
        }
    }

    private static void ReadCall(string id, JsonElement? function, JsonElement call, List<ChatPart> parts)
    {
        if (function is not { } called)
        {
            return;
        }

        var arguments = called.Find("arguments"u8) switch
        {
            null => "",
            { ValueKind: JsonValueKind.String } text => text.GetString()!,
            { } json => json.GetRawText(),
        };
        parts.Add(new ToolCallPart(id, called.Word("name"u8) ?? "", arguments)
        {
            Signature = call.Find("extra_content"u8)?.Find("google"u8)?.Word("thought_signature"u8),
        });
    }

    public static void Write(ChatReply reply, IBufferWriter<byte> output, ReplyContext context)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Head.Id is { Length: > 0 } id ? id : "chatcmpl-" + context.RequestId);
        json.WriteString("object"u8, "chat.completion"u8);
        json.WriteNumber("created"u8, reply.Head.Created > 0 ? reply.Head.Created : context.Created);
        json.WriteString("model"u8, reply.Head.Model is { Length: > 0 } model ? model : context.Model);
        json.WriteStartArray("choices"u8);
        for (var index = 0; index < reply.Choices.Count; index++)
        {
            WriteChoice(json, index, reply.Choices[index], context);
        }

        json.WriteEndArray();
        ChatUsage.Write(json, reply.Usage);
        json.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter json, int index, ReplyChoice choice, ReplyContext context)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        var calls = choice.Parts.OfType<ToolCallPart>().ToList();
        var text = string.Concat(choice.Parts.Select(TextOf));
        if (text.Length == 0 && (calls.Count > 0 || choice.Parts.Exists(part => part is RefusalPart or AudioPart)))
        {
            json.WriteNull("content"u8);
        }
        else
        {
            json.WriteString("content"u8, text);
        }

        ReasoningDetails.Write(json, choice.Parts);
        var refusal = string.Concat(choice.Parts.OfType<RefusalPart>().Select(part => part.Text));
        if (refusal.Length > 0)
        {
            json.WriteString("refusal"u8, refusal);
        }

        WriteAnnotations(json, choice.Parts);
        if (choice.Parts.OfType<AudioPart>().FirstOrDefault() is { } audio)
        {
            json.WriteStartObject("audio"u8);
            json.WriteString("id"u8, "audio_" + context.RequestId);
            json.WriteString("data"u8, audio.Source.Base64);
            json.WriteEndObject();
        }

        if (calls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            for (var at = 0; at < calls.Count; at++)
            {
                var call = calls[at];
                ChatRequestWriter.WriteCall(
                    json, call.Id.Length > 0 ? call : call with { Id = $"call_{context.RequestId}_{index}_{at}" }, context.CustomTools.Contains(call.Name));
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        if (choice.LogProbs is { } logProbs)
        {
            json.WriteStartObject("logprobs"u8);
            json.WriteRaw("content"u8, logProbs);
            json.WriteEndObject();
        }

        json.WriteString("finish_reason"u8, FinishReasons.Word(choice.Finish, calls.Count > 0));
        json.WriteEndObject();
    }

    private static string TextOf(ChatPart part) => part switch
    {
        TextPart text => text.Text,
        ImagePart image => $"![image]({image.Source.ToUrl()})",
        _ => "",
    };

    private static void WriteAnnotations(Utf8JsonWriter json, List<ChatPart> parts)
    {
        if (!parts.Exists(part => part is TextPart { Citations.Count: > 0 }))
        {
            return;
        }

        json.WriteStartArray("annotations"u8);
        var at = 0;
        foreach (var part in parts)
        {
            var length = TextOf(part).Length;
            foreach (var citation in part is TextPart { Citations: { } citations } ? citations : [])
            {
                json.WriteStartObject();
                json.WriteString("type"u8, "url_citation"u8);
                json.WriteStartObject("url_citation"u8);
                json.WriteString("url"u8, citation.Url);
                json.WriteString("title"u8, citation.Title ?? "");
                json.WriteNumber("start_index"u8, at);
                json.WriteNumber("end_index"u8, at + length);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            at += length;
        }

        json.WriteEndArray();
    }
}
