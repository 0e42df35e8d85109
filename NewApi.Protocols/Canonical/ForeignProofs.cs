using System.Buffers;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// A conversation that was translated for a while holds proofs of other kinds of upstreams (<see cref="ThoughtMark"/>). When its next turn
/// goes to an upstream of the caller's own dialect the body is not translated, and they are taken out here: any upstream refuses a proof
/// that it did not make.
/// </summary>
public static class ForeignProofs
{
    /// <summary>Writes the body without them; false when there are none, and the body goes as it is.</summary>
    /// <param name="dialect">Of the body.</param>
    /// <param name="body">A JSON object.</param>
    /// <param name="output">Receives the new body.</param>
    public static bool TryRemove(Dialect dialect, ReadOnlyMemory<byte> body, IBufferWriter<byte> output)
    {
        if (!MayHave(dialect, body.Span))
        {
            return false;
        }

        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = RequestScanner.MaxDepth });
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        Write(json, document.RootElement, dialect);
        return true;
    }

    /// <summary>A look at the bytes, which nearly always settles that there are none.</summary>
    public static bool MayHave(Dialect dialect, ReadOnlySpan<byte> body) => dialect switch
    {
        Dialect.OpenAIResponses => body.IndexOf("\"newapi:"u8) >= 0,
        Dialect.GeminiContent => body.IndexOf("\"bmV3YXBp"u8) >= 0,
        Dialect.AnthropicMessages => body.IndexOf("\"gemini:"u8) >= 0 || body.IndexOf("\"openai:"u8) >= 0,
        _ => false,
    };

    private static void Write(Utf8JsonWriter json, JsonElement element, Dialect dialect)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in element.EnumerateObject())
                {
                    if (!IsForeign(member, dialect))
                    {
                        json.WritePropertyName(member.Name);
                        Write(json, member.Value, dialect);
                    }
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    if (!IsForeign(item, dialect))
                    {
                        Write(json, item, dialect);
                    }
                }

                json.WriteEndArray();
                break;
            default:
                element.WriteTo(json);
                break;
        }
    }

    /// <summary>Gemini's proofs are members of parts that say something else as well.</summary>
    private static bool IsForeign(JsonProperty member, Dialect dialect) =>
        dialect == Dialect.GeminiContent
        && member.Name is "thoughtSignature" or "thought_signature"
        && Begins(member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null, "bmV3YXBp");

    /// <summary>Elsewhere the whole item or block is there for the proof's sake.</summary>
    private static bool IsForeign(JsonElement item, Dialect dialect) => (dialect, item.Word("type"u8)) switch
    {
        (Dialect.OpenAIResponses, "reasoning") => Begins(item.Word("encrypted_content"u8), "newapi:"),
        (Dialect.AnthropicMessages, "thinking") => IsMarked(item.Word("signature"u8)),
        (Dialect.AnthropicMessages, "redacted_thinking") => IsMarked(item.Word("data"u8)),
        _ => false,
    };

    private static bool IsMarked(string? proof) => Begins(proof, "gemini:") || Begins(proof, "openai:");

    private static bool Begins(string? text, string mark) => text is not null && text.StartsWith(mark, StringComparison.Ordinal);
}
