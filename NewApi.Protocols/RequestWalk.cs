using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols;

/// <summary>The one pass over a request body. A ref struct, so that it lives on the stack with its reader.</summary>
internal ref struct RequestWalk
{
    // What a container inside a prompt is; strings in it count, or do not, accordingly.
    private const byte Plain = 0;
    private const byte Json = 1;
    private const byte Media = 2;
    private const byte Source = 3;
    private const byte GeminiMedia = 4;

    private const int LongestAffinity = 512;
    private const int LongestWord = 64;

    private readonly RequestScan _scan;
    private readonly Dialect _dialect;
    private readonly Span<byte> _kinds;
    private readonly Span<byte> _name;
    private readonly TextTally? _tally;
    private Utf8JsonReader _reader;
    private ulong _seen;
    private bool _hasPrompt;
    private bool _hasQuery;
    private bool _mediaUnnamed;
    private bool _sourceIsText;

    /// <param name="scan">Receives what is found.</param>
    /// <param name="body">The whole body.</param>
    /// <param name="kinds">Scratch: one byte per level of nesting.</param>
    /// <param name="name">Scratch for member names written with escapes.</param>
    /// <param name="tally">Is told what the prompt says; null when only its size matters.</param>
    public RequestWalk(RequestScan scan, ReadOnlySpan<byte> body, Span<byte> kinds, Span<byte> name, TextTally? tally = null)
    {
        _scan = scan;
        _dialect = scan.Dialect;
        _kinds = kinds;
        _name = name;
        _tally = tally;
        _reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = RequestScanner.MaxDepth });
    }

    public void Run(bool modelKnown)
    {
        try
        {
            if (Walk())
            {
                CheckRequired(modelKnown);
            }
        }
        catch (JsonException broken)
        {
            _scan.Fault = Invalid($"The body is not valid JSON (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}).", null);
        }
    }

    private static RelayFault Invalid(string message, string? param) =>
        new(400, "invalid_request", message) { Param = param, Final = true };

    private bool Walk()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return Refuse("The body must be a JSON object.", null);
        }

        _scan.RootStart = (int)_reader.TokenStartIndex;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)_reader.TokenStartIndex;
            var member = RequestMembers.Find(_dialect, Name());
            _reader.Read();
            if (member == RequestMember.Other)
            {
                _reader.Skip();
                continue;
            }

            // Two parsers may disagree on which of two members counts: nothing that has a price or a route is left to that.
            var bit = 1UL << (int)member;
            if ((_seen & bit) != 0)
            {
                return Refuse($"{RequestMembers.Name(_dialect, member)} is given more than once", RequestMembers.Name(_dialect, member));
            }

            _seen |= bit;
            var valueStart = (int)_reader.TokenStartIndex;
            if (!Take(member))
            {
                return false;
            }

            Note(member, new MemberSpan(start, valueStart, (int)_reader.BytesConsumed));
        }

        // Whatever follows the object makes the reader throw.
        _reader.Read();
        return true;
    }

    /// <summary>Reads the member's value; leaves the reader on its last token.</summary>
    private bool Take(RequestMember member)
    {
        switch (member)
        {
            case RequestMember.Model:
                return TakeModel();
            case RequestMember.Stream:
                return TakeStream();
            case RequestMember.StreamOptions:
                return TakeStreamOptions();
            case RequestMember.MaxTokens:
            case RequestMember.MaxCompletionTokens:
            case RequestMember.MaxOutputTokens:
                return TakeBound(member);
            case RequestMember.Choices:
                return TakeChoices();
            case RequestMember.Messages:
            case RequestMember.Contents when _reader.TokenType == JsonTokenType.StartArray || _dialect != Dialect.GeminiAction:
            case RequestMember.Requests:
            case RequestMember.Documents:
                return TakeList(member);
            case RequestMember.Query:
                _hasQuery = _reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray
                    || (_reader.TokenType == JsonTokenType.String && !_reader.ValueSpan.IsEmpty);
                Count(Plain);
                return true;
            case RequestMember.Input when _dialect == Dialect.OpenAISpeech:
                return TakeSpeech();
            case RequestMember.Instruction:
                _hasQuery = _reader.TokenType == JsonTokenType.String && !_reader.ValueSpan.IsEmpty;
                Count(Plain);
                return true;
            case RequestMember.Image:
                TakeImages();
                return true;
            case RequestMember.Size:
            case RequestMember.Quality:
            case RequestMember.ResponseFormat:
                return TakeWord(member);
            case RequestMember.StreamFormat:
                _scan.Stream = _reader.TokenType == JsonTokenType.String && _reader.ValueSpan.SequenceEqual("sse"u8);
                _reader.Skip();
                return true;
            case RequestMember.Parameters:
                return TakeParameters();
            case RequestMember.Prompt when _dialect == Dialect.OpenAIResponses:
                // A stored prompt stands in for the input; its variables are prompt text.
                _hasPrompt |= _reader.TokenType == JsonTokenType.StartObject;
                Count(Plain);
                return true;
            case RequestMember.Prompt:
            case RequestMember.Input:
                return TakePrompt(member);
            case RequestMember.Content:
            case RequestMember.Contents:
            case RequestMember.Instances:
            case RequestMember.CountedRequest:
                _hasPrompt |= _reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
                Count(Plain);
                return true;
            case RequestMember.System:
            case RequestMember.SystemInstruction:
            case RequestMember.Instructions:
            case RequestMember.Suffix:
                Count(Plain);
                return true;
            case RequestMember.Tools:
            case RequestMember.Functions:
                _scan.Tools += Count(Json);
                return true;
            case RequestMember.GenerationConfig:
                return TakeGenerationConfig();
            case RequestMember.PromptCacheKey:
                _scan.PromptCacheKey = ShortText() ?? _scan.PromptCacheKey;
                return true;
            case RequestMember.ReasoningEffort:
                _scan.ReasoningEffort = ShortText();
                return true;
            case RequestMember.Reasoning:
                _scan.ReasoningEffort = TextWithin("effort"u8);
                return true;
            case RequestMember.Metadata:
                _scan.MetadataUserId = TextWithin("user_id"u8);
                return true;
            default:
                _reader.Skip();
                return true;
        }
    }

    private readonly void Note(RequestMember member, MemberSpan span)
    {
        switch (member)
        {
            case RequestMember.Model:
                _scan.ModelValue = span;
                break;
            case RequestMember.StreamOptions:
                _scan.StreamOptions = span;
                break;
            case RequestMember.MaxTokens:
                _scan.HasMaxTokens = true;
                break;
            case RequestMember.ServiceTier:
                _scan.ServiceTier = span;
                break;
            case RequestMember.InferenceGeo:
                _scan.InferenceGeo = span;
                break;
            case RequestMember.Speed:
                _scan.Speed = span;
                break;
            case RequestMember.SafetyIdentifier:
                _scan.SafetyIdentifier = span;
                break;
            case RequestMember.Store:
                _scan.Store = span;
                break;
        }
    }

    private readonly void CheckRequired(bool modelKnown)
    {
        if (!modelKnown && string.IsNullOrEmpty(_scan.Model) && !RequestMembers.NamesModelInAddress(_dialect))
        {
            Refuse("field model is required", "model");
            return;
        }

        var missing = _dialect switch
        {
            Dialect.OpenAISearch or Dialect.OpenAIResponsesCompact or Dialect.GeminiAction => null,
            Dialect.OpenAIEdits => _hasQuery ? null : "instruction",
            Dialect.Rerank => !_hasQuery ? "query" : _hasPrompt ? null : "documents",
            _ when _hasPrompt => null,
            Dialect.OpenAICompletions or Dialect.OpenAIImages or Dialect.OpenAIImageEdits => "prompt",
            Dialect.OpenAIEmbeddings or Dialect.OpenAIResponses or Dialect.OpenAIModerations or Dialect.OpenAISpeech => "input",
            Dialect.GeminiContent => "contents",
            Dialect.GeminiEmbeddings => "content",
            _ => "messages",
        };
        if (missing is not null)
        {
            Refuse($"field {missing} is required", missing);
        }
    }

    /// <summary>A short text that has a price, or decides the form of the answer.</summary>
    private bool TakeWord(RequestMember member)
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        var name = RequestMembers.Name(_dialect, member);
        if (_reader.TokenType != JsonTokenType.String || _reader.ValueSpan.Length > LongestWord)
        {
            return Refuse($"{name} must be a short string", name);
        }

        var word = JsonText.ToText(_reader.ValueSpan, _reader.ValueIsEscaped);
        switch (member)
        {
            case RequestMember.Size:
                _scan.Size = word;
                break;
            case RequestMember.Quality:
                _scan.Quality = word;
                break;
            default:
                _scan.ResponseFormat = word;
                break;
        }

        return word is not null || Refuse($"{name} is not valid text", name);
    }

    /// <summary>Pictures to work on: one, or an array of them.</summary>
    private void TakeImages()
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            _scan.Images += _reader.TokenType == JsonTokenType.Null ? 0 : 1;
            _reader.Skip();
            return;
        }

        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            _scan.Images++;
            _reader.Skip();
        }
    }

    private bool TakeSpeech()
    {
        if (_reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
        {
            return Refuse("input must be a string", "input");
        }

        _hasPrompt = _reader.TokenType == JsonTokenType.String && !_reader.ValueSpan.IsEmpty;
        if (!_reader.ValueIsEscaped)
        {
            _scan.Characters = AudioTokens.CodePoints(_reader.ValueSpan);
        }
        else
        {
            var rented = ArrayPool<byte>.Shared.Rent(_reader.ValueSpan.Length);
            _scan.Characters = AudioTokens.CodePoints(rented.AsSpan(0, JsonText.Decode(_reader.ValueSpan, rented)));
            ArrayPool<byte>.Shared.Return(rented);
        }

        Count(Plain);
        return true;
    }

    /// <summary>Imagen: <c>"parameters":{"sampleCount":4,…}</c>.</summary>
    private bool TakeParameters()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return true;
        }

        var counted = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var samples = Name().SequenceEqual("sampleCount"u8) || Name().SequenceEqual("sample_count"u8);
            _reader.Read();
            if (!samples)
            {
                _reader.Skip();
                continue;
            }

            if (counted)
            {
                return Refuse("parameters.sampleCount is given more than once", "parameters");
            }

            counted = true;
            if (!TakeChoices())
            {
                return false;
            }
        }

        return true;
    }

    private bool TakeModel()
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            _scan.Model = JsonText.ToText(_reader.ValueSpan, _reader.ValueIsEscaped);
            return _scan.Model is not null || Refuse("model is not valid text", "model");
        }

        if (RequestMembers.NamesModelInAddress(_dialect))
        {
            _reader.Skip();
            return true;
        }

        return Refuse("model must be a string", "model");
    }

    private readonly bool TakeStream()
    {
        if (!TakeFlag("stream", out var stream))
        {
            return false;
        }

        _scan.Stream = stream ?? false;
        return true;
    }

    private readonly bool TakeFlag(string name, out bool? value)
    {
        value = _reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            _ => null,
        };
        return value is not null || _reader.TokenType == JsonTokenType.Null || Refuse($"{name} must be true or false", name);
    }

    private bool TakeStreamOptions()
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return Refuse("stream_options must be an object", "stream_options");
        }

        _scan.StreamOptionsIsObject = true;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)_reader.TokenStartIndex;
            var name = Name();
            var usage = name.SequenceEqual("include_usage"u8);
            var obfuscation = name.SequenceEqual("include_obfuscation"u8);
            _reader.Read();
            var valueStart = (int)_reader.TokenStartIndex;
            _scan.StreamOptionsMembers++;
            if (usage)
            {
                if (_scan.IncludeUsageValue.Exists)
                {
                    return Refuse("stream_options.include_usage is given more than once", "stream_options");
                }

                if (!TakeFlag("stream_options.include_usage", out var include))
                {
                    return false;
                }

                _scan.IncludeUsage = include;
            }
            else
            {
                _reader.Skip();
            }

            var span = new MemberSpan(start, valueStart, (int)_reader.BytesConsumed);
            if (usage)
            {
                _scan.IncludeUsageValue = span;
            }
            else if (obfuscation)
            {
                if (_scan.IncludeObfuscation.Exists)
                {
                    return Refuse("stream_options.include_obfuscation is given more than once", "stream_options");
                }

                _scan.IncludeObfuscation = span;
            }
        }

        return true;
    }

    private bool TakeBound(RequestMember member)
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        var name = RequestMembers.Name(_dialect, member);
        if (!TryNumber(out var bound, out _))
        {
            return Refuse($"{name} must be a number", name);
        }

        if (bound > RequestScanner.MaxOutputBound)
        {
            return Refuse($"{name} must not be larger than {RequestScanner.MaxOutputBound}", name);
        }

        // Zero and -1 are how some clients say "no bound of mine".
        if (bound > 0)
        {
            _scan.MaxOutput = Math.Max(_scan.MaxOutput ?? 0, bound);
        }

        return true;
    }

    private bool TakeChoices()
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        var name = RequestMembers.Name(_dialect, RequestMember.Choices);
        if (!TryNumber(out var count, out var whole) || !whole || count is < 1 or > RequestScanner.MaxChoices)
        {
            return Refuse($"{name} must be a whole number from 1 to {RequestScanner.MaxChoices}", name);
        }

        _scan.Choices = (int)count;
        return true;
    }

    /// <summary>A number of any notation; fractions are rounded up, what does not fit becomes the largest or smallest value.</summary>
    private readonly bool TryNumber(out long value, out bool whole)
    {
        value = 0;
        whole = true;
        if (_reader.TokenType != JsonTokenType.Number)
        {
            return false;
        }

        if (_reader.TryGetInt64(out value))
        {
            return true;
        }

        if (!_reader.TryGetDouble(out var real) || double.IsNaN(real))
        {
            return false;
        }

        var ceiling = Math.Ceiling(real);
        whole = ceiling == real;
        value = ceiling >= long.MaxValue ? long.MaxValue : ceiling <= long.MinValue ? long.MinValue : (long)ceiling;
        return true;
    }

    private bool TakeList(RequestMember member)
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            var name = RequestMembers.Name(_dialect, member);
            return Refuse($"{name} must be an array", name);
        }

        var elements = Count(Plain);
        _scan.Messages += elements;
        _hasPrompt |= elements > 0;
        return true;
    }

    private bool TakePrompt(RequestMember member)
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.Null:
                return true;
            case JsonTokenType.String:
                Count(Plain);
                _scan.Messages++;
                _hasPrompt = true;
                return true;
            case JsonTokenType.StartArray:
                var elements = Count(Plain);
                _scan.Messages += elements;
                _hasPrompt |= elements > 0;
                return true;
            default:
                var name = RequestMembers.Name(_dialect, member);
                return Refuse($"{name} must be a string or an array", name);
        }
    }

    private bool TakeGenerationConfig()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return true;
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Name();
            var bound = name.SequenceEqual("maxOutputTokens"u8) || name.SequenceEqual("max_output_tokens"u8);
            var choices = name.SequenceEqual("candidateCount"u8) || name.SequenceEqual("candidate_count"u8);
            _reader.Read();
            if (bound)
            {
                if (!TakeBound(RequestMember.MaxOutputTokens))
                {
                    return false;
                }
            }
            else if (choices)
            {
                if (!TakeChoices())
                {
                    return false;
                }
            }
            else
            {
                _reader.Skip();
            }
        }

        return true;
    }

    /// <summary>A short text in the object at hand; null when it has none.</summary>
    private string? TextWithin(ReadOnlySpan<byte> name)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return null;
        }

        string? text = null;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = Name().SequenceEqual(name);
            _reader.Read();
            if (wanted)
            {
                text = ShortText() ?? text;
            }
            else
            {
                _reader.Skip();
            }
        }

        return text;
    }

    private string? ShortText()
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            return _reader.ValueSpan.Length is > 0 and <= LongestAffinity ? JsonText.ToText(_reader.ValueSpan, _reader.ValueIsEscaped) : null;
        }

        _reader.Skip();
        return null;
    }

    /// <summary>Counts what a prompt holds, from the current token to the end of its value; returns the number of its elements.</summary>
    private int Count(byte kind)
    {
        var top = _reader.CurrentDepth;
        var elements = 0;
        var member = ContentMember.Other;
        do
        {
            var token = _reader.TokenType;
            var depth = _reader.CurrentDepth;
            if (token is JsonTokenType.PropertyName)
            {
                var name = Name();
                member = ContentMembers.Find(name);
                if (_kinds[depth - 1] == Json)
                {
                    _scan.PromptBytes += name.Length;
                    _tally?.Text(name);
                }

                continue;
            }

            if (token is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                if (token == JsonTokenType.EndObject)
                {
                    _tally?.PartEnded();
                }

                if (depth == top)
                {
                    return elements;
                }

                if (_mediaUnnamed && _kinds[depth] == GeminiMedia)
                {
                    _scan.Files++;
                    _mediaUnnamed = false;
                }

                continue;
            }

            elements += depth == top + 1 ? 1 : 0;
            if (token is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                _kinds[depth] = depth == top ? kind : Inner(_kinds[depth - 1], member, token, ref elements);
            }
            else
            {
                Scalar(depth == top ? kind : _kinds[depth - 1], member, token);
                if (depth == top)
                {
                    return 1;
                }

                if (member == ContentMember.Name && depth == top + 2 && _dialect == Dialect.OpenAIChat && _kinds[top] == Plain)
                {
                    _tally?.Name();
                }
            }

            member = ContentMember.Other;
        }
        while (_reader.Read());

        return elements;
    }

    private byte Inner(byte outer, ContentMember member, JsonTokenType token, ref int elements)
    {
        if (outer == Json)
        {
            if (member == ContentMember.FunctionDeclarations && RequestMembers.NamesModelInAddress(_dialect))
            {
                // Gemini groups functions: the group is no tool, its members are. They are counted as they close the array.
                elements += Declarations() - 1;
            }

            return Json;
        }

        if (token == JsonTokenType.StartArray)
        {
            return member == ContentMember.FreeJson && IsFreeJson() ? Json : Plain;
        }

        switch (member)
        {
            case ContentMember.ImageUrl:
            case ContentMember.VideoUrl:
            case ContentMember.InputAudio:
            case ContentMember.File:
                return Media;
            case ContentMember.Source:
                _sourceIsText = false;
                return Source;
            case ContentMember.InlineData:
            case ContentMember.FileData when RequestMembers.NamesModelInAddress(_dialect):
                _mediaUnnamed = true;
                return GeminiMedia;
            case ContentMember.FreeJson when IsFreeJson():
                return Json;
            default:
                return Plain;
        }
    }

    private readonly bool IsFreeJson() =>
        _dialect is Dialect.AnthropicMessages or Dialect.AnthropicCountTokens || RequestMembers.NamesModelInAddress(_dialect);

    /// <summary>Looks ahead over an array and counts its elements.</summary>
    private readonly int Declarations()
    {
        var ahead = _reader;
        if (ahead.TokenType != JsonTokenType.StartArray)
        {
            return 1;
        }

        var count = 0;
        while (ahead.Read() && ahead.TokenType != JsonTokenType.EndArray)
        {
            count++;
            ahead.Skip();
        }

        return count;
    }

    private void Scalar(byte kind, ContentMember member, JsonTokenType token)
    {
        if (token == JsonTokenType.Number)
        {
            if (kind == Json)
            {
                _scan.PromptBytes += _reader.ValueSpan.Length;
                _tally?.Text(_reader.ValueSpan);
            }
            else if (_dialect is Dialect.OpenAIEmbeddings or Dialect.OpenAICompletions)
            {
                _scan.PromptTokenIds++;
            }

            return;
        }

        if (token != JsonTokenType.String)
        {
            return;
        }

        switch (kind)
        {
            case Json:
                AddText();
                return;
            case Media:
                // The part was counted by its type; a file's name is text, what it holds is not.
                if (member is ContentMember.Other or ContentMember.Name)
                {
                    AddText();
                }
                else if (member == ContentMember.Url)
                {
                    TellPicture();
                }
                else if (member == ContentMember.Detail)
                {
                    Tell(static (tally, detail) => tally.Detail(detail));
                }

                return;
            case Source:
                if (member == ContentMember.Type)
                {
                    _sourceIsText = _reader.ValueSpan.SequenceEqual("text"u8);
                }
                else if (member is ContentMember.Other or ContentMember.Name || (member == ContentMember.Data && _sourceIsText))
                {
                    AddText();
                }
                else if (member is ContentMember.Data or ContentMember.Url)
                {
                    TellPicture();
                }

                return;
            case GeminiMedia:
                if (member == ContentMember.MimeType && _mediaUnnamed)
                {
                    _mediaUnnamed = false;
                    CountMime(_reader.ValueSpan);
                }
                else if (member == ContentMember.Data)
                {
                    TellPicture();
                }

                return;
        }

        switch (member)
        {
            case ContentMember.Type:
                CountType(_reader.ValueSpan);
                break;
            case ContentMember.ImageUrl:
                TellPicture();
                break;
            case ContentMember.Detail:
                Tell(static (tally, detail) => tally.Detail(detail));
                break;
            case ContentMember.Meta:
            case ContentMember.MimeType:
            case ContentMember.VideoUrl:
            case ContentMember.FileData:
                break;
            default:
                AddText();
                break;
        }
    }

    private readonly void AddText()
    {
        var raw = _reader.ValueSpan;
        _scan.PromptBytes += _reader.ValueIsEscaped ? JsonText.DecodedLength(raw) : raw.Length;
        Tell(static (tally, text) => tally.Text(text));
    }

    /// <summary>Tells the current string, escapes resolved, if anybody wants to know.</summary>
    private readonly void Tell(Action<TextTally, ReadOnlySpan<byte>> what)
    {
        var raw = _reader.ValueSpan;
        if (_tally is null)
        {
            return;
        }

        if (!_reader.ValueIsEscaped)
        {
            what(_tally, raw);
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(raw.Length);
        what(_tally, rented.AsSpan(0, JsonText.Decode(raw, rented)));
        ArrayPool<byte>.Shared.Return(rented);
    }

    private readonly void TellPicture() => Tell(static (tally, source) => tally.Picture(source));

    private readonly void CountType(ReadOnlySpan<byte> type)
    {
        switch (type.Length)
        {
            case 4 when type.SequenceEqual("file"u8):
            case 8 when type.SequenceEqual("document"u8):
            case 10 when type.SequenceEqual("input_file"u8):
                _scan.Files++;
                break;
            case 5 when type.SequenceEqual("image"u8):
            case 9 when type.SequenceEqual("image_url"u8):
            case 11 when type.SequenceEqual("input_image"u8):
            case 19 when type.SequenceEqual("computer_screenshot"u8):
                _scan.Images++;
                break;
            case 11 when type.SequenceEqual("input_audio"u8):
                _scan.Audios++;
                break;
            case 9 when type.SequenceEqual("video_url"u8):
            case 11 when type.SequenceEqual("input_video"u8):
                _scan.Videos++;
                break;
        }
    }

    private readonly void CountMime(ReadOnlySpan<byte> mime)
    {
        if (mime.StartsWith("image/"u8))
        {
            _scan.Images++;
        }
        else if (mime.StartsWith("audio/"u8))
        {
            _scan.Audios++;
        }
        else if (mime.StartsWith("video/"u8))
        {
            _scan.Videos++;
        }
        else
        {
            _scan.Files++;
        }
    }

    /// <summary>The current member name, escapes resolved; empty when it is longer than any name we know.</summary>
    private readonly ReadOnlySpan<byte> Name()
    {
        var raw = _reader.ValueSpan;
        if (!_reader.ValueIsEscaped)
        {
            return raw;
        }

        return JsonText.DecodedLength(raw) <= _name.Length ? _name[..JsonText.Decode(raw, _name)] : default;
    }

    private readonly bool Refuse(string message, string? param)
    {
        _scan.Fault ??= Invalid(message, param);
        return false;
    }
}
