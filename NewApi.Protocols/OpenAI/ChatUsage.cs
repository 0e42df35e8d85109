using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Pricing;

namespace NewApi.Protocols.OpenAI;

/// <summary>Writes <c>usage</c> of chats. The prompt includes what was cached; members that nobody reported are left out.</summary>
internal static class ChatUsage
{
    public static void Write(Utf8JsonWriter json, in Usage usage)
    {
        var input = usage.Input ?? 0;
        if (usage.Semantics == UsageSemantics.InputExcludesCache)
        {
            input += (usage.CacheRead ?? 0) + (usage.CacheWrite ?? 0);
        }

        var output = usage.Output ?? 0;
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, input);
        json.WriteNumber("completion_tokens"u8, output);
        json.WriteNumber("total_tokens"u8, input + output);
        if (usage.CacheRead is not null || usage.CacheWrite is not null || usage.AudioInput is not null || usage.ImageInput is not null)
        {
            json.WriteStartObject("prompt_tokens_details"u8);
            json.WriteNumber("cached_tokens"u8, usage.CacheRead ?? 0);
            Write(json, "cached_creation_tokens"u8, usage.CacheWrite);
            Write(json, "audio_tokens"u8, usage.AudioInput);
            Write(json, "image_tokens"u8, usage.ImageInput);
            json.WriteEndObject();
        }

        if (usage.Reasoning is not null || usage.AudioOutput is not null || usage.ImageOutput is not null)
        {
            json.WriteStartObject("completion_tokens_details"u8);
            Write(json, "reasoning_tokens"u8, usage.Reasoning);
            Write(json, "audio_tokens"u8, usage.AudioOutput);
            Write(json, "image_tokens"u8, usage.ImageOutput);
            json.WriteEndObject();
        }

        if (usage.CacheWrite5m is not null || usage.CacheWrite1h is not null)
        {
            json.WriteStartObject("cache_creation"u8);
            Write(json, "ephemeral_5m_input_tokens"u8, usage.CacheWrite5m);
            Write(json, "ephemeral_1h_input_tokens"u8, usage.CacheWrite1h);
            json.WriteEndObject();
        }

        if (WebSearches(usage) is > 0 and var searches)
        {
            json.WriteStartObject("server_tool_use"u8);
            json.WriteNumber("web_search_requests"u8, searches);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Searches of the web, whatever the upstream calls the tool.</summary>
    public static long WebSearches(in Usage usage)
    {
        var searches = 0L;
        foreach (var use in usage.Tools ?? Enumerable.Empty<ToolUse>())
        {
            searches += use.Tool is ToolPrices.WebSearch or ToolPrices.WebSearchPreview or ToolPrices.GoogleSearch ? use.Calls : 0;
        }

        return searches;
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? count)
    {
        if (count is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
