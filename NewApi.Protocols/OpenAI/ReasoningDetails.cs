using System.Text.Json;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Thoughts in OpenAI chat, which itself has no word for them. <c>reasoning_content</c> is text that everybody shows and nobody may trust;
/// signatures and encrypted thoughts travel beside it, in OpenRouter's form, so that clients can bring them back unchanged:
/// <code>
/// "reasoning_content":"…","reasoning_details":[
///   {"type":"reasoning.text","text":"…","signature":"…","format":"anthropic-claude-v1","index":0},
///   {"type":"reasoning.encrypted","data":"…","id":"rs_1","index":1}]
/// </code>
/// </summary>
internal static class ReasoningDetails
{
    /// <summary>Reads the thoughts of a message: the details when there are any, else the text; LiteLLM's <c>thinking_blocks</c> as well.</summary>
    public static void Read(JsonElement message, List<ChatPart> parts)
    {
        var before = parts.Count;
        foreach (var detail in message.Items("reasoning_details"u8))
        {
            switch (detail.Word("type"u8))
            {
                case "reasoning.text":
                    Add(parts, detail.Word("text"u8), detail.Word("signature"u8), null, detail.Word("id"u8));
                    break;
                case "reasoning.summary":
                    Add(parts, detail.Word("summary"u8), null, null, detail.Word("id"u8));
                    break;
                case "reasoning.encrypted":
                    Add(parts, null, null, detail.Word("data"u8), detail.Word("id"u8));
                    break;
            }
        }

        if (parts.Count == before)
        {
            foreach (var block in message.Items("thinking_blocks"u8))
            {
                Add(parts, block.Word("thinking"u8), block.Word("signature"u8), block.Word("data"u8), null);
            }
        }

        var text = message.Word("reasoning_content"u8) ?? message.Word("reasoning"u8);
        if (text is not { Length: > 0 })
        {
            return;
        }

        // Some clients keep the text only outside of the details.
        for (var at = before; at < parts.Count; at++)
        {
            if (parts[at] is not ReasoningPart { Encrypted: null } thought)
            {
                continue;
            }

            if (thought is { Text.Length: 0, Signature: not null })
            {
                parts[at] = thought with { Text = text };
            }

            return;
        }

        parts.Insert(before, new ReasoningPart(text));
    }

    /// <summary>Writes both members of a message; the details only when they say more than the text.</summary>
    public static void Write(Utf8JsonWriter json, List<ChatPart> parts)
    {
        WriteText(json, parts, always: false);
        if (!parts.Exists(part => part is ReasoningPart { Signature: not null } or ReasoningPart { Encrypted: not null }))
        {
            return;
        }

        json.WriteStartArray("reasoning_details"u8);
        var index = 0;
        foreach (var part in parts)
        {
            if (part is not ReasoningPart thought)
            {
                continue;
            }

            if (thought.Text.Length > 0 || thought.Signature is not null)
            {
                json.WriteStartObject();
                json.WriteString("type"u8, "reasoning.text"u8);
                json.WriteString("text"u8, thought.Text);
                if (thought.Signature is { } signature)
                {
                    json.WriteString("signature"u8, signature);
                    json.WriteString("format"u8, "anthropic-claude-v1"u8);
                }

                WriteEnd(json, thought, index++);
            }

            if (thought.Encrypted is { } data)
            {
                json.WriteStartObject();
                json.WriteString("type"u8, "reasoning.encrypted"u8);
                json.WriteString("data"u8, data);
                WriteEnd(json, thought, index++);
            }
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the text of the thoughts alone, for upstreams that know nothing else; none as an empty text if it must be there.</summary>
    public static void WriteText(Utf8JsonWriter json, List<ChatPart> parts, bool always)
    {
        var text = string.Concat(parts.OfType<ReasoningPart>().Select(part => part.Text));
        if (text.Length > 0 || always)
        {
            json.WriteString("reasoning_content"u8, text);
        }
    }

    private static void WriteEnd(Utf8JsonWriter json, ReasoningPart thought, int index)
    {
        if (thought.Id is { } id)
        {
            json.WriteString("id"u8, id);
        }

        json.WriteNumber("index"u8, index);
        json.WriteEndObject();
    }

    private static void Add(List<ChatPart> parts, string? text, string? signature, string? data, string? id)
    {
        if (text is { Length: > 0 } || signature is not null || data is not null)
        {
            parts.Add(new ReasoningPart(text ?? "") { Signature = signature, Encrypted = data, Id = id });
        }
    }
}
