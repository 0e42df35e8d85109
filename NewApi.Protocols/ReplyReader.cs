using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols;

/// <summary>What a whole (buffered) answer says about itself.</summary>
public readonly record struct ReplyFacts
{
    public Usage Usage { get; init; }

    /// <summary>An error object inside an answer with status 200, or a body that cannot be read.</summary>
    public RelayFault? Error { get; init; }

    /// <summary>The answer has content, reasoning or a tool call.</summary>
    public bool Delivered { get; init; }

    public string? FinishReason { get; init; }

    public int ToolCalls { get; init; }

    /// <summary>Pictures in the answer.</summary>
    public int Images { get; init; }
}

/// <summary>Reads buffered answers.</summary>
public static class ReplyReader
{
    public static ReplyFacts Read(Dialect dialect, ReadOnlySpan<byte> body)
    {
        if (dialect == Dialect.OpenAIEmbeddings && TryReadEmbeddings(body, out var usage))
        {
            return new ReplyFacts { Usage = usage, Delivered = true };
        }

        if (dialect is Dialect.OpenAITranscriptions or Dialect.OpenAITranslations && !body.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
        {
            // Plain text or subtitles.
            return new ReplyFacts { Delivered = !body.IsEmpty };
        }

        var tap = FrameTap.Create(dialect, TokenFamily.Other, whole: true, countsText: false);
        var kind = tap.ObserveJson(body, default);
        return new ReplyFacts
        {
            Usage = tap.Usage,
            Error = (kind & FrameKind.Malformed) != 0 ? Unreadable() : tap.Error,
            Delivered = tap.Delivered,
            FinishReason = tap.FinishReason,
            ToolCalls = tap.ToolCalls,
            Images = tap.Images,
        };
    }

    /// <summary>Tells content, reasoning and tool calls of an answer: for answers that report no usage.</summary>
    public static void ReadText(Dialect dialect, ReadOnlySpan<byte> body, TextTally tally) =>
        FrameTap.Create(dialect, default, whole: true, countsText: true, tally).ObserveJson(body, default);

    /// <summary>
    /// Thousands of numbers stand before the usage of embeddings, and none of them matters here: so the usage is looked for from the end.
    /// Inside a JSON string its quotes would be escaped, so that only a member can match.
    /// </summary>
    private static bool TryReadEmbeddings(ReadOnlySpan<byte> body, out Usage usage)
    {
        usage = default;
        var at = body.LastIndexOf("\"usage\""u8);
        if (at < 0 || body.IndexOf("\"data\""u8) is var data && (data < 0 || data > at))
        {
            return false;
        }

        try
        {
            var rest = body[(at + "\"usage\""u8.Length)..].TrimStart(" \t\r\n"u8);
            if (rest.IsEmpty || rest[0] != (byte)':')
            {
                return false;
            }

            var reader = new Utf8JsonReader(rest[1..]);
            reader.Read();
            var read = default(OpenAIUsage);
            if (!read.Read(ref reader))
            {
                return false;
            }

            usage = read.ToUsage();
            return !usage.IsEmpty;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static RelayFault Unreadable() => new(500, "bad_response_body", "The upstream's answer is not valid JSON.")
    {
        Type = "bad_response_body",
        Leg = Leg.Decode,
    };
}
