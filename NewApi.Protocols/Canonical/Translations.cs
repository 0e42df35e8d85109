using System.Collections.Frozen;
using NewApi.Domain;
using NewApi.Protocols.Anthropic;
using NewApi.Protocols.Gemini;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols.Canonical;

/// <summary>Which dialects can be translated into each other: all that have a codec, by way of the canonical chat model.</summary>
public static class Translations
{
    private static readonly ChatCodec[] All = [new OpenAIChatCodec(), new AnthropicCodec(), new GeminiCodec(), new ResponsesCodec()];

    private static readonly FrozenDictionary<Dialect, ChatCodec> Codecs = All.ToFrozenDictionary(codec => codec.Dialect);

    /// <summary>Where a call goes when its own dialect is not spoken: the closest relative first.</summary>
    private static readonly FrozenDictionary<Dialect, Dialect[]> Relatives = new Dictionary<Dialect, Dialect[]>
    {
        [Dialect.OpenAIChat] = [Dialect.AnthropicMessages, Dialect.GeminiContent, Dialect.OpenAIResponses],
        [Dialect.OpenAIResponses] = [Dialect.OpenAIChat, Dialect.AnthropicMessages, Dialect.GeminiContent],
        [Dialect.AnthropicMessages] = [Dialect.OpenAIChat, Dialect.OpenAIResponses, Dialect.GeminiContent],
        [Dialect.GeminiContent] = [Dialect.OpenAIChat, Dialect.AnthropicMessages, Dialect.OpenAIResponses],
    }.ToFrozenDictionary();

    /// <summary>Every dialect of chats, for tests that walk them all.</summary>
    public static IEnumerable<Dialect> Dialects => Codecs.Keys;

    /// <summary>Dialects that a call may be translated into, closest first; empty when it has to stay what it is.</summary>
    public static ReadOnlySpan<Dialect> RelativesOf(Dialect caller) => Relatives.TryGetValue(caller, out var relatives) ? relatives : [];

    /// <summary>
    /// A chat that would go to OpenAI as chat completions is at home in Responses: from GPT-5.4 on, models that reason refuse functions in the
    /// former. Not where it asks for what only chat completions know; and OpenAI's own callers have chosen for themselves.
    /// </summary>
    public static bool PrefersResponses(Dialect caller, ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return caller is Dialect.AnthropicMessages or Dialect.GeminiContent
            && OpenAIModels.Reasons(request.Model) && request is { Stop.Count: 0, Choices: null or <= 1 };
    }

    /// <summary>The codec of a dialect.</summary>
    /// <exception cref="KeyNotFoundException">The dialect is none of chats.</exception>
    public static ChatCodec CodecOf(Dialect dialect) => Codecs[dialect];

    public static bool Exists(Dialect caller, Dialect upstream) => Codecs.ContainsKey(caller) && Codecs.ContainsKey(upstream);
}
