using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Pricing;

namespace NewApi.Protocols.Anthropic;

/// <summary>
/// Usage of Anthropic messages:
/// <code>
/// {"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":90,"output_tokens":20,
///  "cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":0},"output_tokens_details":{"thinking_tokens":9},
///  "server_tool_use":{"web_search_requests":1}}
/// </code>
/// </summary>
internal struct AnthropicUsage
{
    private long? _input;
    private long? _output;
    private long? _cacheRead;
    private long? _cacheWrite;
    private long? _cacheWrite5m;
    private long? _cacheWrite1h;
    private long? _reasoning;
    private long? _webSearches;

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
                case 12 when name.SequenceEqual("input_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _input);
                    break;
                case 13 when name.SequenceEqual("output_tokens"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _output);
                    break;
                case 23 when name.SequenceEqual("cache_read_input_tokens"u8):
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
                case 15 when name.SequenceEqual("server_tool_use"u8):
                    reader.Read();
                    JsonFields.TakeCounts(ref reader, "web_search_requests"u8, ref _webSearches);
                    break;
                case 21 when name.SequenceEqual("output_tokens_details"u8):
                    reader.Read();
                    JsonFields.TakeCounts(ref reader, "thinking_tokens"u8, ref _reasoning);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return true;
    }

    /// <summary>
    /// Output only grows. On the input side the later word stands when it says anything: gateways that front other dialects open with
    /// an estimate of the whole prompt and split off the cached part only at the end, so that the larger figure would count it twice.
    /// </summary>
    public void Merge(in AnthropicUsage later)
    {
        JsonFields.Larger(ref _output, later._output);
        JsonFields.Larger(ref _reasoning, later._reasoning);
        JsonFields.Larger(ref _webSearches, later._webSearches);
        var cached = later._cacheRead is > 0 || later._cacheWrite is > 0;
        if (_input is null || later._input is > 0 || (later._input is 0 && cached))
        {
            _input = later._input ?? _input;
        }

        Overwrite(ref _cacheRead, later._cacheRead);
        Overwrite(ref _cacheWrite, later._cacheWrite);
        Overwrite(ref _cacheWrite5m, later._cacheWrite5m);
        Overwrite(ref _cacheWrite1h, later._cacheWrite1h);
    }

    public readonly Usage ToUsage()
    {
        if ((_input ?? 0) == 0 && (_output ?? 0) == 0 && (_cacheRead ?? 0) == 0 && (_cacheWrite ?? 0) == 0)
        {
            return new Usage { Semantics = UsageSemantics.InputExcludesCache, Tools = ToolUses.Of(ToolPrices.WebSearch, _webSearches) };
        }

        long? split = _cacheWrite5m is null && _cacheWrite1h is null ? null : (_cacheWrite5m ?? 0) + (_cacheWrite1h ?? 0);
        var cacheWrite = _cacheWrite;
        JsonFields.Larger(ref cacheWrite, split);
        return new Usage
        {
            Semantics = UsageSemantics.InputExcludesCache,
            Input = _input,
            Output = _output,
            CacheRead = _cacheRead,
            CacheWrite = cacheWrite,
            CacheWrite5m = _cacheWrite5m,
            CacheWrite1h = _cacheWrite1h,
            Reasoning = _reasoning,
            Tools = ToolUses.Of(ToolPrices.WebSearch, _webSearches),
        };
    }

    private static void Overwrite(ref long? known, long? later)
    {
        if (later is > 0 || known is null)
        {
            known = later ?? known;
        }
    }
}
