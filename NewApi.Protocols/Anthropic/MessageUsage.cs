using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols.Anthropic;

/// <summary>Writes <c>usage</c> of messages. The input excludes what was read from the cache or written to it.</summary>
internal static class MessageUsage
{
    public static void Write(Utf8JsonWriter json, in Usage usage)
    {
        var read = usage.CacheRead ?? 0;
        var written = Math.Max(usage.CacheWrite ?? 0, (usage.CacheWrite5m ?? 0) + (usage.CacheWrite1h ?? 0));
        var input = usage.Input ?? 0;
        if (usage.Semantics == UsageSemantics.InputIncludesCache)
        {
            input = Math.Max(0, input - read - written);
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, input);
        json.WriteNumber("cache_creation_input_tokens"u8, written);
        json.WriteNumber("cache_read_input_tokens"u8, read);
        if (written > 0)
        {
            // What no lifetime is known of was written for five minutes.
            var hour = Math.Min(usage.CacheWrite1h ?? 0, written);
            json.WriteStartObject("cache_creation"u8);
            json.WriteNumber("ephemeral_5m_input_tokens"u8, written - hour);
            json.WriteNumber("ephemeral_1h_input_tokens"u8, hour);
            json.WriteEndObject();
        }

        json.WriteNumber("output_tokens"u8, usage.Output ?? 0);
        if (usage.Reasoning is { } reasoning)
        {
            json.WriteStartObject("output_tokens_details"u8);
            json.WriteNumber("thinking_tokens"u8, reasoning);
            json.WriteEndObject();
        }

        if (ChatUsage.WebSearches(usage) is > 0 and var searches)
        {
            json.WriteStartObject("server_tool_use"u8);
            json.WriteNumber("web_search_requests"u8, searches);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
