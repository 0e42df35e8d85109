using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

/// <summary>A whole answer of Anthropic messages, to and from the canonical one.</summary>
internal static class MessageReply
{
    public static ChatReply Read(ReadOnlyMemory<byte> body)
    {
        var root = JsonElement.Parse(body.Span);
        var choice = new ReplyChoice
        {
            Finish = StopReasons.Read(root.Word("stop_reason"u8) ?? "end_turn", root.Word("stop_sequence"u8)),
        };
        foreach (var block in root.Items("content"u8))
        {
            ReadBlock(block, choice.Parts);
        }

        return new ChatReply
        {
            Head = new ReplyHead(root.Word("id"u8) ?? "", root.Word("model"u8) ?? "", 0) { SignsReasoning = true },
            Choices = { choice },
            Usage = ReplyReader.Read(Dialect.AnthropicMessages, body.Span).Usage,
        };
    }

    private static void ReadBlock(JsonElement block, List<ChatPart> parts)
    {
        switch (block.Word("type"u8))
        {
            case "text":
                if (block.Word("text"u8) is { Length: > 0 } text)
                {
                    parts.Add(new TextPart(text) { Citations = ReadCitations(block) });
                }

                break;
            case "thinking":
                parts.Add(new ReasoningPart(block.Word("thinking"u8) ?? "")
                {
                    Signature = block.Word("signature"u8) is { Length: > 0 } signature ? signature : null,
                });
                break;
            case "redacted_thinking":
                parts.Add(new ReasoningPart("") { Encrypted = block.Word("data"u8) });
                break;
            case "tool_use":
                parts.Add(new ToolCallPart(block.Word("id"u8) ?? "", block.Word("name"u8) ?? "", block.Find("input"u8)?.GetRawText() ?? "{}"));
                break;
            case not null:
                parts.Add(new ForeignPart(Dialect.AnthropicMessages, block));
                break;
        }
    }

    /// <summary>Web pages among the citations of a text; places in documents are not.</summary>
    internal static List<Citation>? ReadCitations(JsonElement block)
    {
        List<Citation>? citations = null;
        foreach (var citation in block.Items("citations"u8))
        {
            if (citation.Word("url"u8) is { Length: > 0 } url)
            {
                (citations ??= []).Add(new Citation(url, citation.Word("title"u8)));
            }
        }

        return citations;
    }

    public static void Write(ChatReply reply, IBufferWriter<byte> output, ReplyContext context)
    {
        var choice = reply.Choices.Count > 0 ? reply.Choices[0] : new ReplyChoice();
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Head.Id is { Length: > 0 } id ? id : "msg_" + context.RequestId);
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, reply.Head.Model is { Length: > 0 } model ? model : context.Model);
        json.WriteStartArray("content"u8);
        var calls = 0;
        foreach (var part in choice.Parts)
        {
            WritePart(json, part, context, ref calls);
        }

        json.WriteEndArray();
        WriteStop(json, choice.Finish, calls > 0);
        MessageUsage.Write(json, reply.Usage);
        json.WriteEndObject();
    }

    internal static void WriteStop(Utf8JsonWriter json, FinishReason reason, bool hasCalls)
    {
        var word = StopReasons.Word(reason, hasCalls);
        json.WriteString("stop_reason"u8, word);
        if (word == "stop_sequence" && reason.StopSequence is { Length: > 0 } sequence)
        {
            json.WriteString("stop_sequence"u8, sequence);
        }
        else
        {
            json.WriteNull("stop_sequence"u8);
        }
    }

    private static void WritePart(Utf8JsonWriter json, ChatPart part, ReplyContext context, ref int calls)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(json, text.Text, text.Citations);
                break;
            case RefusalPart refusal:
                WriteText(json, refusal.Text, null);
                break;
            case ImagePart image:
                WriteText(json, $"![image]({image.Source.ToUrl()})", null);
                break;
            case ReasoningPart thought:
                WriteThought(json, thought);
                break;
            case ToolCallPart call:
                json.WriteStartObject();
                json.WriteString("type"u8, "tool_use"u8);
                json.WriteString("id"u8, call.Id.Length > 0 ? call.Id : $"toolu_{context.RequestId}_{calls}");
                json.WriteString("name"u8, call.Name);
                json.WritePropertyName("input"u8);
                ToolInput.Write(json, call.Arguments);
                json.WriteEndObject();
                calls++;
                break;
        }
    }

    private static void WriteText(Utf8JsonWriter json, string text, List<Citation>? citations)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        if (citations is { Count: > 0 })
        {
            json.WriteStartArray("citations"u8);
            foreach (var citation in citations)
            {
                json.WriteStartObject();
                json.WriteString("type"u8, "web_search_result_location"u8);
                json.WriteString("url"u8, citation.Url);
                json.WriteString("title"u8, citation.Title ?? "");
                json.WriteString("cited_text"u8, ""u8);
                json.WriteString("encrypted_index"u8, ""u8);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteThought(Utf8JsonWriter json, ReasoningPart thought)
    {
        if (thought.Text.Length > 0 || thought.Signature is not null)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "thinking"u8);
            json.WriteString("thinking"u8, thought.Text);
            json.WriteString("signature"u8, thought.Signature ?? "");
            json.WriteEndObject();
        }

        if (thought.Encrypted is { } data)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "redacted_thinking"u8);
            json.WriteString("data"u8, data);
            json.WriteEndObject();
        }
    }
}
