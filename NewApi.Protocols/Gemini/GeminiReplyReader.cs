using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// Reads generated content, chunk by chunk:
/// <code>
/// {"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}],"role":"model"},"index":0}],"usageMetadata":{…},
///  "modelVersion":"gemini-2.5-flash","responseId":"x"}
/// {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"…"}]},"finishReason":"STOP"}],…}
/// </code>
/// Which candidate it is, who the model is and that a part is a thought may each stand behind what they are about.
/// </summary>
internal sealed class GeminiReplyReader : ChatReplyReader
{
    private const int MaxChoices = 128;
    private const int MaxCitations = 256;

    private readonly List<Choice> _choices = [];
    private GeminiUsage _usage;
    private bool _started;
    private string _id = "";
    private byte[]? _signature;
    private bool _grounded;
    private bool _hasUsage;
    private bool _finished;

    public override Usage Usage => _usage.ToUsage(ToolUses.Of(ToolPrices.GoogleSearch, _grounded ? 1 : null));

    private protected override void ReadEvent(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, ReplySink sink)
    {
        ReadDocument(ref reader, json, sink);
        UsageComplete |= _hasUsage && _finished;
    }

    /// <summary>Reads one chunk, or a whole answer.</summary>
    internal void ReadDocument(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReplySink sink)
    {
        if (!_started)
        {
            Start(reader, sink);
        }

        var candidates = 0;
        string? blocked = null;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 10 when member.SequenceEqual("candidates"u8):
                    reader.Read();
                    if (reader.TokenType != JsonTokenType.StartArray)
                    {
                        reader.Skip();
                        break;
                    }

                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    {
                        ReadCandidate(ref reader, json, sink, candidates++);
                    }

                    break;
                case 13 when member.SequenceEqual("usageMetadata"u8):
                    reader.Read();
                    if (_usage.Read(ref reader))
                    {
                        _hasUsage = true;
                        sink.Usage(_usage.ToUsage(null));
                    }

                    break;
                case 14 when member.SequenceEqual("promptFeedback"u8):
                    reader.Read();
                    blocked = ReadFeedback(ref reader);
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    if (UpstreamError.Slice(ref reader, json) is { IsEmpty: false } error)
                    {
                        Fail(error, json);
                    }

                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (blocked is not null && candidates == 0 && _choices.Count == 0)
        {
            Fault ??= new RelayFault(400, "prompt_blocked", $"The provider refused the prompt ({blocked}).")
            {
                Type = "invalid_request_error",
                Final = true,
                Leg = Leg.Body,
            };
            _finished = true;
            sink.Finish(0, FinishReason.ContentFilter);
        }
    }

    /// <summary>A refused prompt is an answer without candidates: <c>"promptFeedback":{"blockReason":"SAFETY"}</c>.</summary>
    private static string? ReadFeedback(ref Utf8JsonReader reader)
    {
        string? reason = null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return reason;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var found = reader.ValueSpan.SequenceEqual("blockReason"u8);
            reader.Read();
            if (found && reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length is > 0 and <= 64)
            {
                reason = JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped);
            }

            reader.Skip();
        }

        return reason == "BLOCK_REASON_UNSPECIFIED" ? null : reason;
    }

    private void Start(Utf8JsonReader ahead, ReplySink sink)
    {
        var model = "";
        while (JsonFields.NextMember(ref ahead))
        {
            var isModel = ahead.ValueSpan.SequenceEqual("modelVersion"u8);
            var isId = ahead.ValueSpan.SequenceEqual("responseId"u8);
            ahead.Read();
            if ((isModel || isId) && ahead.TokenType == JsonTokenType.String && ahead.ValueSpan.Length <= 256)
            {
                var text = JsonText.ToText(ahead.ValueSpan, ahead.ValueIsEscaped) ?? "";
                (model, _id) = isModel ? (text, _id) : (model, text);
            }

            ahead.Skip();
        }

        _started = true;
        sink.Start(new ReplyHead(_id, model, 0));
    }

    private void ReadCandidate(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReplySink sink, int position)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        var index = IndexOf(reader, position);
        if (index is < 0 or >= MaxChoices)
        {
            reader.Skip();
            return;
        }

        while (_choices.Count <= index)
        {
            _choices.Add(new Choice(_choices.Count));
        }

        var choice = _choices[index];
        string? finish = null;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 7 when member.SequenceEqual("content"u8):
                    reader.Read();
                    ReadContent(ref reader, json, sink, choice);
                    break;
                case 12 when member.SequenceEqual("finishReason"u8):
                    reader.Read();
                    finish = reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length is > 0 and <= 256 ? JsonFields.Word(ref reader) : null;
                    reader.Skip();
                    break;
                case 17 when member.SequenceEqual("groundingMetadata"u8):
                    reader.Read();
                    ReadGrounding(ref reader, sink, choice);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (finish is not null && finish != "FINISH_REASON_UNSPECIFIED" && !choice.Finished)
        {
            choice.Finished = _finished = true;
            sink.Finish(choice.Index, Finish(finish, choice));
        }
    }

    private static FinishReason Finish(string reason, Choice choice) => reason switch
    {
        "STOP" when choice.Calls > 0 => FinishReason.ToolCalls,
        "STOP" => FinishReason.Stop,
        "MAX_TOKENS" => FinishReason.Length,
        "SAFETY" or "RECITATION" or "LANGUAGE" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "IMAGE_SAFETY" or "IMAGE_PROHIBITED_CONTENT"
            or "IMAGE_RECITATION" => FinishReason.ContentFilter,
        _ when choice.Calls > 0 => FinishReason.ToolCalls,

        // MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, OTHER and what may come: the answer is not what it should have been.
        _ => FinishReason.ContentFilter,
    };

    /// <summary>The member <c>index</c>, which comes last as a rule; absent it is the position.</summary>
    private static int IndexOf(Utf8JsonReader ahead, int position)
    {
        while (JsonFields.NextMember(ref ahead))
        {
            var found = ahead.ValueSpan.SequenceEqual("index"u8);
            ahead.Read();
            if (found && ahead.TokenType == JsonTokenType.Number && ahead.TryGetInt32(out var index))
            {
                return index;
            }

            ahead.Skip();
        }

        return position;
    }

    private void ReadContent(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReplySink sink, Choice choice)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
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
                ReadPart(ref reader, json, sink, choice);
            }
        }
    }

    private void ReadPart(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReplySink sink, Choice choice)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        // Copies of the reader, each at the value of a member.
        Utf8JsonReader text = default, call = default, media = default, code = default, result = default, signature = default;
        var thought = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("text"u8):
                    reader.Read();
                    text = reader;
                    break;
                case 7 when member.SequenceEqual("thought"u8):
                    reader.Read();
                    thought = reader.TokenType == JsonTokenType.True;
                    break;
                case 16 when member.SequenceEqual("thoughtSignature"u8):
                    reader.Read();
                    signature = reader;
                    break;
                case 12 when member.SequenceEqual("functionCall"u8):
                    reader.Read();
                    call = reader;
                    break;
                case 10 when member.SequenceEqual("inlineData"u8):
                    reader.Read();
                    media = reader;
                    break;
                case 14 when member.SequenceEqual("executableCode"u8):
                    reader.Read();
                    code = reader;
                    break;
                case 19 when member.SequenceEqual("codeExecutionResult"u8):
                    reader.Read();
                    result = reader;
                    break;
                default:
                    reader.Read();
                    break;
            }

            reader.Skip();
        }

        if (call.TokenType == JsonTokenType.StartObject)
        {
            ReadCall(ref call, json, sink, choice, ref signature);
        }
        else if (text.TokenType == JsonTokenType.String)
        {
            var utf8 = TextOf(ref text);
            if (!utf8.IsEmpty && thought)
            {
                sink.Reasoning(choice.Index, utf8);
            }
            else if (!utf8.IsEmpty)
            {
                sink.Text(choice.Index, utf8);
            }

            // Outside of thoughts and calls Google makes signatures optional, and other dialects have no place for them.
            if (thought && signature.TokenType == JsonTokenType.String && !signature.ValueSpan.IsEmpty)
            {
                sink.ReasoningSignature(choice.Index, Marked(signature.ValueSpan));
            }
        }
        else if (media.TokenType == JsonTokenType.StartObject)
        {
            ReadMedia(ref media, sink, choice, thought);
        }
        else if (code.TokenType == JsonTokenType.StartObject)
        {
            ReadCode(ref code, sink, choice, isResult: false);
        }
        else if (result.TokenType == JsonTokenType.StartObject)
        {
            ReadCode(ref result, sink, choice, isResult: true);
        }
    }

    private void ReadCall(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReplySink sink, Choice choice, ref Utf8JsonReader signature)
    {
        byte[]? id = null;
        byte[] name = [];
        ReadOnlySpan<byte> arguments = default;
        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("args"u8))
            {
                arguments = UpstreamError.Slice(ref reader, json);
                continue;
            }

            var isName = reader.ValueSpan.SequenceEqual("name"u8);
            var isId = reader.ValueSpan.SequenceEqual("id"u8);
            reader.Read();
            if (isName)
            {
                name = TextOf(ref reader).ToArray();
            }
            else if (isId && TextOf(ref reader) is { IsEmpty: false } given)
            {
                id = given.ToArray();
            }

            reader.Skip();
        }

        var number = choice.Calls++;
        sink.ToolCall(choice.Index, number, id ?? MakeId(), name);
        if (signature.TokenType == JsonTokenType.String && !signature.ValueSpan.IsEmpty)
        {
            sink.ToolSignature(choice.Index, number, signature.ValueSpan);
        }

        sink.ToolArguments(choice.Index, number, arguments.IsEmpty ? "{}"u8 : arguments);
    }

    /// <summary>Most models give calls no id; callers tell results apart by it, over all turns of a conversation.</summary>
    private static byte[] MakeId() => Encoding.ASCII.GetBytes("call_" + RandomNumberGenerator.GetHexString(24, lowercase: true));

    private ReadOnlySpan<byte> Marked(ReadOnlySpan<byte> signature)
    {
        var mark = ThoughtMark.Gemini;
        if (_signature is null || _signature.Length < mark.Length + signature.Length)
        {
            _signature = new byte[Math.Max(1024, mark.Length + signature.Length)];
            mark.CopyTo(_signature);
        }

        signature.CopyTo(_signature.AsSpan(mark.Length));
        return _signature.AsSpan(0, mark.Length + signature.Length);
    }

    private static void ReadMedia(ref Utf8JsonReader reader, ReplySink sink, Choice choice, bool thought)
    {
        Utf8JsonReader type = default, data = default;
        while (JsonFields.NextMember(ref reader))
        {
            var isType = reader.ValueSpan.SequenceEqual("mimeType"u8);
            var isData = reader.ValueSpan.SequenceEqual("data"u8);
            reader.Read();
            if (isType)
            {
                type = reader;
            }
            else if (isData)
            {
                data = reader;
            }

            reader.Skip();
        }

        // Pictures that the model only thought of are no part of the answer.
        if (thought || data.TokenType != JsonTokenType.String)
        {
            return;
        }

        byte[]? scratch = null;
        var mimeType = JsonText.Utf8Of(ref type, ref scratch);
        byte[]? unescaped = null;
        var base64 = JsonText.Utf8Of(ref data, ref unescaped);
        if (mimeType.StartsWith("audio/"u8))
        {
            sink.Audio(choice.Index, mimeType, base64, default);
        }
        else
        {
            sink.Image(choice.Index, mimeType.IsEmpty ? "image/png"u8 : mimeType, base64);
        }
    }

    private static void ReadCode(ref Utf8JsonReader reader, ReplySink sink, Choice choice, bool isResult)
    {
        string? language = isResult ? GeminiCode.Output : null;
        string? code = null;
        while (JsonFields.NextMember(ref reader))
        {
            var isLanguage = reader.ValueSpan.SequenceEqual("language"u8);
            var isCode = reader.ValueSpan.SequenceEqual("code"u8) || reader.ValueSpan.SequenceEqual("output"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String && (isLanguage || isCode))
            {
                var text = JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped);
                (language, code) = isLanguage ? (text, code) : (language, text);
            }

            reader.Skip();
        }

        sink.Text(choice.Index, Encoding.UTF8.GetBytes(GeminiCode.Block(language, code)));
    }

    /// <summary><c>{"groundingChunks":[{"web":{"uri":"https://…","title":"…"}}]}</c>, perhaps in several chunks, each with all so far.</summary>
    private void ReadGrounding(ref Utf8JsonReader reader, ReplySink sink, Choice choice)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var chunks = reader.ValueSpan.SequenceEqual("groundingChunks"u8);
            var queries = reader.ValueSpan.SequenceEqual("webSearchQueries"u8);
            reader.Read();
            if (queries && reader.TokenType == JsonTokenType.StartArray)
            {
                var start = reader.BytesConsumed;
                reader.Skip();
                _grounded |= reader.TokenStartIndex > start;
                continue;
            }

            if (!chunks || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
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
                    reader.Read();
                    ReadSource(ref reader, sink, choice);
                }
            }
        }
    }

    private static void ReadSource(ref Utf8JsonReader reader, ReplySink sink, Choice choice)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        Utf8JsonReader uri = default, title = default;
        while (JsonFields.NextMember(ref reader))
        {
            var isUri = reader.ValueSpan.SequenceEqual("uri"u8);
            var isTitle = reader.ValueSpan.SequenceEqual("title"u8);
            reader.Read();
            if (isUri)
            {
                uri = reader;
            }
            else if (isTitle)
            {
                title = reader;
            }

            reader.Skip();
        }

        if (uri.TokenType == JsonTokenType.String && choice.Cited.Count < MaxCitations && choice.Cited.Add(Hash(uri.ValueSpan)))
        {
            byte[]? first = null, second = null;
            sink.Citation(choice.Index, JsonText.Utf8Of(ref uri, ref first), JsonText.Utf8Of(ref title, ref second));
        }
    }

    private static int Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }

    private sealed class Choice(int index)
    {
        public int Index => index;

        public int Calls { get; set; }

        public bool Finished { get; set; }

        public HashSet<int> Cited { get; } = [];
    }
}
