using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Usage of OpenAI-like upstreams, largest figure per member. The ordinary shape, and who departs from it:
/// <code>
/// {"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,
///  "prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}
/// {"prompt_cache_hit_tokens":8,...}                              DeepSeek
/// {"cached_tokens":8,...}                                        Moonshot, Zhipu; also inside choices[0].usage
/// {"input_tokens":9,"output_tokens":4,"input_tokens_details":…}  Responses, images
/// {"cache_read_input_tokens":…,"cache_creation_input_tokens":…}  gateways that front Anthropic
/// {"type":"duration","seconds":61}                               transcriptions
/// {"cost":0.00228,...}                                         OpenRouter, in US dollars
/// "timings":{"cache_n":8,"prompt_n":1,"predicted_n":4}           llama.cpp, beside usage or without any
/// </code>
/// </summary>
internal struct OpenAIUsage
{
    private long? _input;
    private long? _output;
    private long? _total;
    private long? _cacheRead;
    private long? _cacheWrite;
    private long? _cacheWrite5m;
    private long? _cacheWrite1h;
    private long? _reasoning;
    private long? _imageInput;
    private long? _audioInput;
    private long? _imageOutput;
    private long? _audioOutput;
    private decimal? _cost;
    private decimal? _seconds;
    private long? _webSearches;
    private long? _timedCache;
    private long? _timedPrompt;
    private long? _timedOutput;

    /// <summary>
    /// Reads the member of an answer or chunk on whose name the reader stands, if it says what was used: vendors do not agree where. Passes
    /// over any other. Returns whether there was usage.
    /// </summary>
    public bool ReadMember(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        switch (name.Length)
        {
            case 5 when name.SequenceEqual("usage"u8):
                reader.Read();
                return Read(ref reader);
            case 7 when name.SequenceEqual("timings"u8):
                reader.Read();
                return ReadTimings(ref reader);
            case 6 when name.SequenceEqual("x_groq"u8):
                reader.Read();
                return ReadGroq(ref reader);
            default:
                reader.Skip();
                return false;
        }
    }

    /// <summary>Reads a usage object; the reader stands on its brace. Returns false when there is none.</summary>
    public bool Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var name = reader.ValueSpan;
            switch (name.Length)
            {
                case 13 when name.SequenceEqual("prompt_tokens"u8):
                case 12 when name.SequenceEqual("input_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _input);
                    break;
                case 17 when name.SequenceEqual("completion_tokens"u8):
                case 13 when name.SequenceEqual("output_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _output);
                    break;
                case 12 when name.SequenceEqual("total_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _total);
                    break;
                case 21 when name.SequenceEqual("prompt_tokens_details"u8):
                case 20 when name.SequenceEqual("input_tokens_details"u8):
                case 19 when name.SequenceEqual("input_token_details"u8):
                    reader.Read();
                    ReadInputDetails(ref reader);
                    break;
                case 25 when name.SequenceEqual("completion_tokens_details"u8):
                case 21 when name.SequenceEqual("output_tokens_details"u8):
                case 20 when name.SequenceEqual("output_token_details"u8):
                    reader.Read();
                    JsonFields.TakeCounts(
                        ref reader,
                        "reasoning_tokens"u8, ref _reasoning, "audio_tokens"u8, ref _audioOutput, "image_tokens"u8, ref _imageOutput);
                    break;
                case 13 when name.SequenceEqual("cached_tokens"u8):
                case 23 when name.SequenceEqual("prompt_cache_hit_tokens"u8) || name.SequenceEqual("cache_read_input_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _cacheRead);
                    break;
                case 27 when name.SequenceEqual("cache_creation_input_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _cacheWrite);
                    break;
                case 14 when name.SequenceEqual("cache_creation"u8):
                    reader.Read();
                    JsonFields.TakeCounts(
                        ref reader, "ephemeral_5m_input_tokens"u8, ref _cacheWrite5m, "ephemeral_1h_input_tokens"u8, ref _cacheWrite1h);
                    break;
                case 16 when name.SequenceEqual("reasoning_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _reasoning);
                    break;
                case 7 when name.SequenceEqual("seconds"u8):
                    reader.Read();
                    TakeSeconds(ref reader);
                    break;
                case 4 when name.SequenceEqual("cost"u8):
                    reader.Read();
                    _cost = reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var cost) ? cost : _cost;
                    reader.Skip();
                    break;
                case 15 when name.SequenceEqual("server_tool_use"u8):
                    reader.Read();
                    JsonFields.TakeCounts(ref reader, "web_search_requests"u8, ref _webSearches);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return true;
    }

    /// <summary>llama.cpp counts cached prompt tokens apart from <c>prompt_n</c>. Returns whether both sides are known.</summary>
    private bool ReadTimings(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        while (JsonFields.NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("cache_n"u8))
            {
                reader.Read();
                JsonFields.TakeMax(ref reader, ref _timedCache);
            }
            else if (reader.ValueSpan.SequenceEqual("prompt_n"u8))
            {
                reader.Read();
                JsonFields.TakeMax(ref reader, ref _timedPrompt);
            }
            else if (reader.ValueSpan.SequenceEqual("predicted_n"u8))
            {
                reader.Read();
                JsonFields.TakeMax(ref reader, ref _timedOutput);
            }
            else
            {
                reader.Skip();
            }
        }

        return _timedPrompt is not null && _timedOutput is not null;
    }

    /// <summary>Groq: <c>"x_groq":{"id":"req_…","usage":{…}}</c> in the last chunk. Returns whether there was usage.</summary>
    private bool ReadGroq(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var any = false;
        while (JsonFields.NextMember(ref reader))
        {
            var found = reader.ValueSpan.SequenceEqual("usage"u8);
            reader.Read();
            if (found)
            {
                any |= Read(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return any;
    }

    public void Merge(in OpenAIUsage other)
    {
        JsonFields.Larger(ref _input, other._input);
        JsonFields.Larger(ref _output, other._output);
        JsonFields.Larger(ref _total, other._total);
        JsonFields.Larger(ref _cacheRead, other._cacheRead);
        JsonFields.Larger(ref _cacheWrite, other._cacheWrite);
        JsonFields.Larger(ref _cacheWrite5m, other._cacheWrite5m);
        JsonFields.Larger(ref _cacheWrite1h, other._cacheWrite1h);
        JsonFields.Larger(ref _reasoning, other._reasoning);
        JsonFields.Larger(ref _imageInput, other._imageInput);
        JsonFields.Larger(ref _audioInput, other._audioInput);
        JsonFields.Larger(ref _imageOutput, other._imageOutput);
        JsonFields.Larger(ref _audioOutput, other._audioOutput);
        _cost = other._cost ?? _cost;
        _seconds = other._seconds ?? _seconds;
        JsonFields.Larger(ref _webSearches, other._webSearches);
        JsonFields.Larger(ref _timedCache, other._timedCache);
        JsonFields.Larger(ref _timedPrompt, other._timedPrompt);
        JsonFields.Larger(ref _timedOutput, other._timedOutput);
    }

    /// <summary>Length of sound that was heard, in seconds.</summary>
    public void TakeSeconds(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var seconds) && seconds > 0)
        {
            _seconds = seconds;
        }

        reader.Skip();
    }

    public void TakeInput(ref Utf8JsonReader reader) => JsonFields.TakeMax(ref reader, ref _input);

    /// <param name="totalIsInput">There is no output, so that a total without parts is the input.</param>
    public readonly Usage ToUsage(bool totalIsInput = false)
    {
        var input = _input ?? (_timedPrompt is { } fresh ? fresh + (_timedCache ?? 0) : null);
        var output = _output ?? _timedOutput;
        if (totalIsInput && (input ?? 0) == 0 && (output ?? 0) == 0)
        {
            input = _total is > 0 ? _total : _seconds is { } heard ? AudioTokens.OfDuration(heard) : input;
        }

        if ((input ?? 0) == 0 && (output ?? 0) == 0)
        {
            return new Usage { Tools = ToolUses.Of(ToolPrices.WebSearch, _webSearches) };
        }

        // xAI leaves reasoning out of the completion total; its grand total gives it away.
        if (_reasoning is > 0 && _total - (input ?? 0) - (output ?? 0) == _reasoning)
        {
            output = (output ?? 0) + _reasoning;
        }

        var cacheRead = _cacheRead;
        JsonFields.Larger(ref cacheRead, _timedCache);
        long? split = _cacheWrite5m is null && _cacheWrite1h is null ? null : (_cacheWrite5m ?? 0) + (_cacheWrite1h ?? 0);
        var cacheWrite = _cacheWrite;
        JsonFields.Larger(ref cacheWrite, split);
        return new Usage
        {
            Semantics = UsageSemantics.InputIncludesCache,
            Input = input,
            Output = output,
            CacheRead = cacheRead,
            CacheWrite = cacheWrite,
            CacheWrite5m = _cacheWrite5m,
            CacheWrite1h = _cacheWrite1h,
            Reasoning = _reasoning,
            ImageInput = _imageInput,
            ImageOutput = _imageOutput,
            AudioInput = _audioInput,
            AudioOutput = _audioOutput,
            ReportedCost = _cost,
            Tools = ToolUses.Of(ToolPrices.WebSearch, _webSearches),
        };
    }

    private void ReadInputDetails(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var name = reader.ValueSpan;
            switch (name.Length)
            {
                case 13 when name.SequenceEqual("cached_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _cacheRead);
                    break;
                case 18 when name.SequenceEqual("cache_write_tokens"u8):
                case 22 when name.SequenceEqual("cached_creation_tokens"u8):
                case 21 when name.SequenceEqual("cache_creation_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _cacheWrite);
                    break;
                case 12 when name.SequenceEqual("audio_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _audioInput);
                    break;
                case 12 when name.SequenceEqual("image_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _imageInput);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }
}
