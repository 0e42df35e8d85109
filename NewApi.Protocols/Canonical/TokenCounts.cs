using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// Answers of <c>/v1/messages/count_tokens</c> and <c>:countTokens</c> that the gateway gives itself, for models whose upstream does not
/// count. They are estimates, and never billed.
/// </summary>
public static class TokenCounts
{
    private const int PerMessage = 3;
    private const int PerTool = 8;

    /// <summary>Tokens of a prompt, roughly; media count as much as they do for a hold.</summary>
    /// <param name="caller"><see cref="Dialect.AnthropicCountTokens"/> or <see cref="Dialect.GeminiAction"/>.</param>
    /// <param name="body">The request.</param>
    /// <param name="family">Whose tokens.</param>
    /// <param name="fault">Why the body is refused; null when it is fine.</param>
    public static long Estimate(Dialect caller, ReadOnlySpan<byte> body, TokenFamily family, out RelayFault? fault)
    {
        var dialect = caller == Dialect.AnthropicCountTokens ? Dialect.AnthropicMessages : Dialect.GeminiContent;
        body = dialect == Dialect.GeminiContent ? Inner(body) : body;
        var scan = RequestScanner.Scan(dialect, body);
        fault = scan.Fault;
        return fault is not null
            ? 0
            : RequestScanner.EstimatePrompt(dialect, body, family) + (scan.Messages * PerMessage) + (scan.Tools * PerTool)
                + (scan.Images * ImageTokens.OtherFamily) + (scan.Audios * ImageTokens.Audio) + (scan.Videos * ImageTokens.Video)
                + (scan.Files * ImageTokens.File);
    }

    /// <summary>Writes the answer in the caller's dialect.</summary>
    public static void Write(Dialect caller, long tokens, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteNumber(caller == Dialect.AnthropicCountTokens ? "input_tokens"u8 : "totalTokens"u8, tokens);
        if (caller != Dialect.AnthropicCountTokens)
        {
            json.WriteStartArray("promptTokensDetails"u8);
            json.WriteStartObject();
            json.WriteString("modality"u8, "TEXT"u8);
            json.WriteNumber("tokenCount"u8, tokens);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>Gemini's clients may wrap the request that they want counted: <c>{"generateContentRequest":{"contents":[…]}}</c>.</summary>
    private static ReadOnlySpan<byte> Inner(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = RequestScanner.MaxDepth });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return body;
            }

            while (JsonFields.NextMember(ref reader))
            {
                if (reader.ValueSpan.SequenceEqual("generateContentRequest"u8) || reader.ValueSpan.SequenceEqual("generate_content_request"u8))
                {
                    return UpstreamError.Slice(ref reader, body);
                }

                reader.Skip();
            }
        }
        catch (JsonException)
        {
            // The scan says what is wrong.
        }

        return body;
    }
}
