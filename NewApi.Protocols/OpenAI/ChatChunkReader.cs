using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>Reads the chunks of an OpenAI chat stream; <see cref="OpenAITap"/> shows what they look like.</summary>
internal sealed class ChatChunkReader : ChatReplyReader
{
    /// <summary>Calls in the order they began; what the wire calls them is told apart by index and id.</summary>
    private readonly List<Call> _calls = [];

    private OpenAIUsage _usage;
    private byte[]? _id;
    private byte[]? _name;
    private bool _started;

    public override Usage Usage => _usage.ToUsage();

    private protected override void ReadEvent(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, ReplySink sink)
    {
        string id = "", model = "";
        long created = 0;
        var usage = default(OpenAIUsage);
        var hasUsage = false;
        var flatError = name.SequenceEqual("error"u8);
        ReadOnlySpan<byte> error = default;
        var choices = default(Utf8JsonReader);
        var hasChoices = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 7 when member.SequenceEqual("choices"u8):
                    reader.Read();
                    choices = reader;
                    hasChoices = reader.TokenType == JsonTokenType.StartArray;
                    reader.Skip();
                    break;
                case 2 when member.SequenceEqual("id"u8) && !_started:
                    reader.Read();
                    id = WordOf(ref reader);
                    break;
                case 5 when member.SequenceEqual("model"u8) && !_started:
                    reader.Read();
                    model = WordOf(ref reader);
                    break;
                case 7 when member.SequenceEqual("created"u8) && !_started:
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.Number)
                    {
                        reader.TryGetInt64(out created);
                    }

                    reader.Skip();
                    break;
                case 5 when member.SequenceEqual("error"u8):
                    error = UpstreamError.Slice(ref reader, json);
                    break;
                case 6 when member.SequenceEqual("object"u8):
                    // vLLM: {"object":"error","message":"…","code":400}
                    reader.Read();
                    flatError |= reader.TokenType == JsonTokenType.String && reader.ValueSpan.SequenceEqual("error"u8);
                    reader.Skip();
                    break;
                default:
                    hasUsage |= usage.ReadMember(ref reader);
                    break;
            }
        }

        // Whatever follows the object makes the reader throw, before anything is told.
        reader.Read();
        if (!error.IsEmpty || flatError)
        {
            _usage.Merge(usage);
            Fail(error, json);
            return;
        }

        if (!_started && (hasChoices || hasUsage))
        {
            _started = true;
            sink.Start(new ReplyHead(id, model, created));
        }

        if (hasChoices)
        {
            while (choices.Read() && choices.TokenType == JsonTokenType.StartObject)
            {
                ReadChoice(ref choices, json, ref usage, ref hasUsage, sink);
            }
        }

        if (hasUsage)
        {
            UsageComplete = true;
            _usage.Merge(usage);
            sink.Usage(_usage.ToUsage());
        }
    }

    private static string WordOf(ref Utf8JsonReader reader)
    {
        var word = reader.TokenType == JsonTokenType.String ? JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped) : null;
        reader.Skip();
        return word ?? "";
    }

    private void ReadChoice(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref OpenAIUsage usage, ref bool hasUsage, ReplySink sink)
    {
        var index = 0;
        string? finish = null;
        var delta = default(Utf8JsonReader);
        var hasDelta = false;
        ReadOnlySpan<byte> logProbs = default;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 5 when member.SequenceEqual("index"u8):
                    reader.Read();
                    index = IndexOf(ref reader) ?? 0;
                    break;
                case 5 when member.SequenceEqual("delta"u8):
                case 7 when member.SequenceEqual("message"u8):
                    reader.Read();
                    delta = reader;
                    hasDelta = reader.TokenType == JsonTokenType.StartObject;
                    reader.Skip();
                    break;
                case 13 when member.SequenceEqual("finish_reason"u8):
                    reader.Read();
                    finish = reader.TokenType == JsonTokenType.String ? JsonFields.Word(ref reader) : null;
                    reader.Skip();
                    break;
                case 5 when member.SequenceEqual("usage"u8):
                    reader.Read();
                    hasUsage |= usage.Read(ref reader);
                    break;
                case 8 when member.SequenceEqual("logprobs"u8):
                    reader.Read();
                    logProbs = ReadLogProbs(ref reader, json);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (hasDelta)
        {
            ReadDelta(ref delta, json, index, sink);
        }

        if (!logProbs.IsEmpty)
        {
            sink.LogProbs(index, logProbs);
        }

        if (finish is { Length: > 0 })
        {
            sink.Finish(index, FinishReasons.Read(finish));
        }
    }

    private static int? IndexOf(ref Utf8JsonReader reader)
    {
        var found = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && number is >= 0 and < 1024
            ? number
            : (int?)null;
        reader.Skip();
        return found;
    }

    private static ReadOnlySpan<byte> ReadLogProbs(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> tokens = default;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return tokens;
        }

        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("content"u8))
            {
                tokens = UpstreamError.Slice(ref reader, json);
            }
            else
            {
                reader.Skip();
            }
        }

        return tokens;
    }

    private void ReadDelta(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, int choice, ReplySink sink)
    {
        // The same thought may come under several names: details are followed for what only they say.
        var reasoned = false;
        var details = default(Utf8JsonReader);
        var hasDetails = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 7 when member.SequenceEqual("content"u8):
                    reader.Read();
                    ReadContent(ref reader, choice, sink);
                    break;
                case 7 when member.SequenceEqual("refusal"u8):
                    reader.Read();
                    if (TextOf(ref reader) is { IsEmpty: false } refusal)
                    {
                        sink.Refusal(choice, refusal);
                    }

                    reader.Skip();
                    break;
                case 17 when member.SequenceEqual("reasoning_content"u8) && !reasoned:
                case 9 when member.SequenceEqual("reasoning"u8) && !reasoned:
                    reader.Read();
                    if (TextOf(ref reader) is { IsEmpty: false } thought)
                    {
                        reasoned = true;
                        sink.Reasoning(choice, thought);
                    }

                    reader.Skip();
                    break;
                case 17 when member.SequenceEqual("reasoning_details"u8):
                    reader.Read();
                    details = reader;
                    hasDetails = reader.TokenType == JsonTokenType.StartArray;
                    reader.Skip();
                    break;
                case 10 when member.SequenceEqual("tool_calls"u8):
                    reader.Read();
                    ReadCalls(ref reader, choice, sink);
                    break;
                case 13 when member.SequenceEqual("function_call"u8):
                    reader.Read();
                    ReadLegacyCall(ref reader, choice, sink);
                    break;
                case 11 when member.SequenceEqual("annotations"u8):
                    reader.Read();
                    ReadAnnotations(ref reader, choice, sink);
                    break;
                case 6 when member.SequenceEqual("images"u8):
                    reader.Read();
                    ReadImages(ref reader, choice, sink);
                    break;
                case 5 when member.SequenceEqual("audio"u8):
                    reader.Read();
                    ReadAudio(ref reader, choice, sink);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (hasDetails)
        {
            ReadDetails(ref details, choice, reasoned, sink);
        }
    }

    /// <summary>Text, or Mistral's parts.</summary>
    private void ReadContent(ref Utf8JsonReader reader, int choice, ReplySink sink)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            if (TextOf(ref reader) is { IsEmpty: false } text)
            {
                sink.Text(choice, text);
            }

            reader.Skip();
            return;
        }

        var top = reader.CurrentDepth;
        var thinking = -1;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == top))
        {
            if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth < thinking)
            {
                thinking = -1;
            }

            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.ValueSpan.SequenceEqual("thinking"u8))
            {
                thinking = reader.CurrentDepth;
            }
            else if (reader.ValueSpan.SequenceEqual("text"u8))
            {
                reader.Read();
                if (TextOf(ref reader) is { IsEmpty: false } text)
                {
                    if (thinking >= 0)
                    {
                        sink.Reasoning(choice, text);
                    }
                    else
                    {
                        sink.Text(choice, text);
                    }
                }
            }
        }
    }

    private void ReadDetails(ref Utf8JsonReader reader, int choice, bool reasoned, ReplySink sink)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            while (JsonFields.NextMember(ref reader))
            {
                var member = reader.ValueSpan;
                var text = member.SequenceEqual("text"u8) || member.SequenceEqual("summary"u8);
                var signature = member.SequenceEqual("signature"u8);
                var data = member.SequenceEqual("data"u8);
                reader.Read();
                if ((text || signature || data) && TextOf(ref reader) is { IsEmpty: false } value)
                {
                    if (signature)
                    {
                        sink.ReasoningSignature(choice, value);
                    }
                    else if (data)
                    {
                        sink.EncryptedReasoning(choice, value);
                    }
                    else if (!reasoned)
                    {
                        sink.Reasoning(choice, value);
                    }
                }

                reader.Skip();
            }
        }
    }

    private void ReadCalls(ref Utf8JsonReader reader, int choice, ReplySink sink)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var position = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            ReadCall(ref reader, choice, position++, sink);
        }
    }

    /// <summary>
    /// <c>{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}</c>, then pieces with arguments only. Some
    /// upstreams leave the index out, and some give every call the index 0: a new id is a new call.
    /// </summary>
    private void ReadCall(ref Utf8JsonReader reader, int choice, int position, ReplySink sink)
    {
        int? index = null;
        ReadOnlySpan<byte> id = default, name = default, arguments = default, signature = default;
        byte[]? signed = null;
        var top = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == top))
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var member = reader.ValueSpan;
            if (member.SequenceEqual("index"u8))
            {
                reader.Read();
                index = IndexOf(ref reader);
            }
            else if (member.SequenceEqual("id"u8))
            {
                reader.Read();
                id = JsonText.Utf8Of(ref reader, ref _id);
            }
            else if (member.SequenceEqual("name"u8))
            {
                reader.Read();
                name = JsonText.Utf8Of(ref reader, ref _name);
            }
            else if (member.SequenceEqual("arguments"u8))
            {
                reader.Read();
                arguments = TextOf(ref reader);
            }
            else if (member.SequenceEqual("thought_signature"u8))
            {
                reader.Read();
                signature = JsonText.Utf8Of(ref reader, ref signed);
            }
        }

        Tell(choice, index ?? position, id, name, arguments, signature, sink);
    }

    private void ReadLegacyCall(ref Utf8JsonReader reader, int choice, ReplySink sink)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        ReadOnlySpan<byte> name = default, arguments = default;
        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("name"u8))
            {
                reader.Read();
                name = JsonText.Utf8Of(ref reader, ref _name);
            }
            else if (reader.ValueSpan.SequenceEqual("arguments"u8))
            {
                reader.Read();
                arguments = TextOf(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        Tell(choice, 0, default, name, arguments, default, sink);
    }

    private void Tell(
        int choice, int index, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> signature,
        ReplySink sink)
    {
        var hash = HashOf(id);
        var call = Find(choice, index, hash);
        if (call < 0)
        {
            call = Count(choice);
            _calls.Add(new Call(choice, index, hash));
            sink.ToolCall(choice, call, id, name);
        }

        if (!signature.IsEmpty)
        {
            sink.ToolSignature(choice, call, signature);
        }

        if (!arguments.IsEmpty)
        {
            sink.ToolArguments(choice, call, arguments);
        }
    }

    /// <summary>Number within the choice of the call that a piece belongs to; -1 when it begins a new one.</summary>
    private int Find(int choice, int index, int id)
    {
        for (var at = _calls.Count - 1; at >= 0; at--)
        {
            var call = _calls[at];
            if (call.Choice == choice && call.Index == index)
            {
                return id == 0 || call.Id == 0 || call.Id == id ? NumberOf(at) : -1;
            }
        }

        return -1;
    }

    private int NumberOf(int at)
    {
        var number = 0;
        for (var before = 0; before < at; before++)
        {
            number += _calls[before].Choice == _calls[at].Choice ? 1 : 0;
        }

        return number;
    }

    private int Count(int choice)
    {
        var count = 0;
        foreach (var call in _calls)
        {
            count += call.Choice == choice ? 1 : 0;
        }

        return count;
    }

    private static int HashOf(ReadOnlySpan<byte> id)
    {
        if (id.IsEmpty)
        {
            return 0;
        }

        var hash = default(HashCode);
        hash.AddBytes(id);
        return hash.ToHashCode() | 1;
    }

    /// <summary><c>[{"type":"url_citation","url_citation":{"url":"…","title":"…"}}]</c>, or the members without the inner object.</summary>
    private void ReadAnnotations(ref Utf8JsonReader reader, int choice, ReplySink sink)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            ReadOnlySpan<byte> url = default, title = default;
            var top = reader.CurrentDepth;
            while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == top))
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                if (reader.ValueSpan.SequenceEqual("url"u8))
                {
                    reader.Read();
                    url = TextOf(ref reader);
                }
                else if (reader.ValueSpan.SequenceEqual("title"u8))
                {
                    reader.Read();
                    title = JsonText.Utf8Of(ref reader, ref _name);
                }
            }

            if (!url.IsEmpty)
            {
                sink.Citation(choice, url, title);
            }
        }
    }

    /// <summary>OpenRouter's images: <c>[{"type":"image_url","image_url":{"url":"data:image/png;base64,…"}}]</c>.</summary>
    private void ReadImages(ref Utf8JsonReader reader, int choice, ReplySink sink)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var top = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == top))
        {
            if (reader.TokenType != JsonTokenType.PropertyName || !reader.ValueSpan.SequenceEqual("url"u8))
            {
                continue;
            }

            reader.Read();
            var url = TextOf(ref reader);
            var comma = url.IndexOf((byte)',');
            if (url.StartsWith("data:"u8) && comma > 0)
            {
                var type = url[5..comma];
                var end = type.IndexOf((byte)';');
                sink.Image(choice, end < 0 ? type : type[..end], url[(comma + 1)..]);
            }
        }
    }

    private void ReadAudio(ref Utf8JsonReader reader, int choice, ReplySink sink)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        ReadOnlySpan<byte> data = default, transcript = default;
        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("data"u8))
            {
                reader.Read();
                data = TextOf(ref reader);
            }
            else if (reader.ValueSpan.SequenceEqual("transcript"u8))
            {
                reader.Read();
                transcript = JsonText.Utf8Of(ref reader, ref _name);
            }
            else
            {
                reader.Skip();
            }
        }

        if (!data.IsEmpty || !transcript.IsEmpty)
        {
            sink.Audio(choice, "audio/wav"u8, data, transcript);
        }
    }

    private readonly record struct Call(int Choice, int Index, int Id);
}
