using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols.Anthropic;
using NewApi.Protocols.Gemini;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols;

/// <summary>
/// Watches frames of one dialect that pass as they are: it reads what is worth knowing and skips the rest. Whole (buffered) answers are
/// read by the same code.
/// </summary>
internal abstract class FrameTap : StreamTap
{
    private const int LongestName = 256;

    private byte[]? _joined;
    private byte[]? _text;
    private TextTally? _tally;

    /// <summary>A whole answer, whose figures are final, rather than frames.</summary>
    internal bool IsWhole { get; init; }

    /// <summary>Off where only reported usage matters.</summary>
    internal bool CountsText { get; init; } = true;

    internal static FrameTap Create(Dialect dialect, TokenFamily family, bool whole, bool countsText, TextTally? tally = null)
    {
        FrameTap tap = dialect switch
        {
            Dialect.OpenAIChat or Dialect.OpenAICompletions or Dialect.OpenAIEmbeddings => new OpenAITap { IsWhole = whole, CountsText = countsText },
            Dialect.AnthropicMessages => new AnthropicTap { IsWhole = whole, CountsText = countsText },
            Dialect.GeminiContent => new GeminiTap { IsWhole = whole, CountsText = countsText },
            Dialect.OpenAIResponses => new ResponsesTap { IsWhole = whole, CountsText = countsText },
            _ => new DocumentTap(dialect) { IsWhole = whole, CountsText = countsText },
        };
        tap.Estimated = new TokenEstimate(family);
        tap._tally = tally;
        return tap;
    }

    public override FrameKind Observe(ReadOnlySpan<byte> frame)
    {
        var sse = SseFrame.Read(frame, ref _joined);
        var data = sse.Data.Trim(" \t\r\n"u8);
        if (data.IsEmpty)
        {
            return FrameKind.None;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            Finished |= Error is null;
            return FrameKind.Terminal;
        }

        return ObserveJson(data, sse.Event);
    }

    /// <summary>Takes note of one JSON document: the data of a frame, or a whole answer.</summary>
    internal FrameKind ObserveJson(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var (delivered, finished, calls, bytes, estimate) = (Delivered, Finished, ToolCalls, DeliveredBytes, Estimated);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            reader.Read();
            var kind = Read(ref reader, json, name);
            if ((kind & FrameKind.Malformed) != 0)
            {
                MalformedFrames++;
            }

            return kind;
        }
        catch (JsonException)
        {
            // What a broken frame seemed to say does not count.
            (Delivered, Finished, ToolCalls, DeliveredBytes, Estimated) = (delivered, finished, calls, bytes, estimate);
            MalformedFrames++;
            return FrameKind.Malformed;
        }
    }

    /// <summary>Reads one document; the reader stands on its first token, and must be read to its end.</summary>
    private protected abstract FrameKind Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name);

    /// <summary>Counts the current string as delivered; returns whether there was text in it.</summary>
    private protected bool Deliver(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.IsEmpty)
        {
            reader.Skip();
            return false;
        }

        Delivered = true;
        Count(reader.ValueSpan, reader.ValueIsEscaped);
        return true;
    }

    /// <summary>Counts text that the model has produced.</summary>
    private protected void Count(ReadOnlySpan<byte> raw, bool escaped)
    {
        if (!CountsText)
        {
            return;
        }

        if (!escaped)
        {
            Take(raw);
            return;
        }

        if (raw.Length <= 256)
        {
            Span<byte> small = stackalloc byte[256];
            Take(small[..JsonText.Decode(raw, small)]);
            return;
        }

        if (_text is null || _text.Length < raw.Length)
        {
            _text = new byte[raw.Length];
        }

        Take(_text.AsSpan(0, JsonText.Decode(raw, _text)));
    }

    private void Take(ReadOnlySpan<byte> utf8)
    {
        if (_tally is null)
        {
            Tally(utf8);
        }
        else
        {
            _tally.Text(utf8);
        }
    }

    private protected void NoteId(ref Utf8JsonReader reader)
    {
        if (ReplyId is null && IsShortText(reader))
        {
            ReplyId = JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped);
        }

        reader.Skip();
    }

    private protected void NoteModel(ref Utf8JsonReader reader)
    {
        if (ReplyModel is null && IsShortText(reader))
        {
            ReplyModel = JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped);
        }

        reader.Skip();
    }

    /// <summary>Takes a finish reason; returns whether there was one.</summary>
    private protected bool NoteFinish(ref Utf8JsonReader reader)
    {
        if (!IsShortText(reader))
        {
            reader.Skip();
            return false;
        }

        FinishReason = JsonFields.Word(ref reader);
        Finished = true;
        return true;
    }

    private static bool IsShortText(in Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length is > 0 and <= LongestName;
}
