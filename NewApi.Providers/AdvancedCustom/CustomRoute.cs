using System.Collections.Frozen;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.Providers.AdvancedCustom;

/// <summary>One route of a channel: a caller's path, the upstream's, a translation between them, models, and the way the key is shown.</summary>
internal sealed class CustomRoute
{
    private static readonly TimeSpan RegexLimit = TimeSpan.FromMilliseconds(50);

    private static readonly FrozenDictionary<Dialect, string[]> CallerPaths = new Dictionary<Dialect, string[]>
    {
        [Dialect.OpenAIChat] = ["/v1/chat/completions"],
        [Dialect.OpenAICompletions] = ["/v1/completions"],
        [Dialect.OpenAIEmbeddings] = ["/v1/embeddings"],
        [Dialect.OpenAIResponses] = ["/v1/responses"],
        [Dialect.OpenAIResponsesCompact] = ["/v1/responses/compact"],
        [Dialect.OpenAISearch] = ["/v1/alpha/search"],
        [Dialect.OpenAIEdits] = ["/v1/edits"],
        [Dialect.OpenAIModerations] = ["/v1/moderations"],
        [Dialect.OpenAIImages] = ["/v1/images/generations"],
        [Dialect.OpenAIImageEdits] = ["/v1/images/edits"],
        [Dialect.OpenAISpeech] = ["/v1/audio/speech"],
        [Dialect.OpenAITranscriptions] = ["/v1/audio/transcriptions"],
        [Dialect.OpenAITranslations] = ["/v1/audio/translations"],
        [Dialect.Rerank] = ["/v1/rerank"],
        [Dialect.AnthropicMessages] = ["/v1/messages"],
        [Dialect.AnthropicCountTokens] = ["/v1/messages/count_tokens"],
        [Dialect.GeminiContent] = ["/v1beta/models/{model}:generateContent", "/v1/models/{model}:generateContent"],
        [Dialect.GeminiEmbeddings] =
        [
            "/v1beta/models/{model}:embedContent", "/v1beta/models/{model}:batchEmbedContents",
            "/v1/models/{model}:embedContent", "/v1/models/{model}:batchEmbedContents",
        ],
        [Dialect.GeminiAction] = ["/v1beta/models/{model}:countTokens", "/v1beta/models/{model}:predict"],
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, (Dialect Caller, Dialect Upstream)> Converters =
        new Dictionary<string, (Dialect, Dialect)>
        {
            ["anthropic_messages_to_openai_chat_completions"] = (Dialect.AnthropicMessages, Dialect.OpenAIChat),
            ["openai_chat_completions_to_anthropic_messages"] = (Dialect.OpenAIChat, Dialect.AnthropicMessages),
            ["openai_chat_completions_to_openai_responses"] = (Dialect.OpenAIChat, Dialect.OpenAIResponses),
            ["openai_responses_to_openai_chat_completions"] = (Dialect.OpenAIResponses, Dialect.OpenAIChat),
            ["openai_responses_to_gemini_generate_content"] = (Dialect.OpenAIResponses, Dialect.GeminiContent),
            ["gemini_generate_content_to_openai_chat_completions"] = (Dialect.GeminiContent, Dialect.OpenAIChat),
            ["openai_chat_completions_to_gemini_generate_content"] = (Dialect.OpenAIChat, Dialect.GeminiContent),
        }.ToFrozenDictionary();

    private readonly string _incoming;
    private readonly string _upstream;
    private readonly HashSet<string> _models = new(StringComparer.Ordinal);
    private readonly List<Regex> _patterns = [];
    private readonly Dialect? _converted;
    private readonly Dialect? _convertedFrom;
    private readonly string _authType;
    private readonly string _authName;
    private readonly string _authValue;
    private Dialect _caller;

    private CustomRoute(JsonElement route, string incoming, string upstream)
    {
        _incoming = incoming.Replace("streamGenerateContent", "generateContent", StringComparison.Ordinal).TrimEnd('/');
        _upstream = upstream;
        foreach (var model in route.Items("models"u8))
        {
            var name = model.ToString();
            if (!name.StartsWith("re:", StringComparison.Ordinal))
            {
                _models.Add(name);
            }
            else
            {
                _patterns.Add(PatternOf(name[3..]));
            }
        }
        if (route.Word("converter"u8) is { } converter && Converters.TryGetValue(converter, out var pair))
        {
            (_convertedFrom, _converted) = pair;
        }
        var auth = route.Find("auth"u8) ?? default;
        _authType = auth.Word("type"u8) is { Length: > 0 } type ? type : "header";
        _authName = auth.Word("name"u8) is { Length: > 0 } header ? header : _authType == "query" ? "key" : "Authorization";
        _authValue = auth.Word("value"u8) is { Length: > 0 } value ? value : _authType == "header" && _authName == "Authorization" ? "Bearer {api_key}" : "{api_key}";
    }

    /// <summary>What the upstream is spoken to in.</summary>
    public Dialect Target => _converted ?? _caller;

    public static CustomRoute[] ReadAll(JsonElement settings)
    {
        var routes = new List<CustomRoute>();
        foreach (var route in settings.Find("advanced_custom"u8)?.Items("advanced_routes"u8) ?? default)
        {
            if (route.Word("incoming_path"u8) is { Length: > 0 } incoming && route.Word("upstream_path"u8) is { Length: > 0 } upstream)
            {
                routes.AddRange(For(route, incoming, upstream));
            }
        }
        return [.. routes];
    }

    public bool Covers(Dialect caller, string model) =>
        caller == _caller
        && (_convertedFrom is null || _convertedFrom == caller)
        && (!IsExact || CallerPaths[caller].Any(path => path.Replace("{model}", model, StringComparison.Ordinal) == _incoming))
        && ((_models.Count == 0 && _patterns.Count == 0) || _models.Contains(model) || _patterns.Exists(pattern => pattern.IsMatch(model)));

    public Uri AddressOf(UpstreamMessage message)
    {
        var path = _upstream.Replace("{model}", Uri.EscapeDataString(message.Model), StringComparison.Ordinal);
        var isGemini = message.Dialect == Dialect.GeminiContent;
        if (isGemini && message.Stream)
        {
            path = path.Replace(":generateContent", ":streamGenerateContent", StringComparison.Ordinal);
        }
        var address = new Uri(path.StartsWith('/') ? message.Account.BaseUrl + path : path);
        if (isGemini && message.Stream && !address.Query.Contains("alt=", StringComparison.Ordinal))
        {
            address = UpstreamRequests.WithQuery(address, "alt=sse");
        }
        return _authType == "query"
            ? UpstreamRequests.WithQuery(address, $"{Uri.EscapeDataString(_authName)}={Uri.EscapeDataString(Filled(message.Key))}")
            : address;
    }

    public void AddCredential(HttpRequestHeaders headers, UpstreamMessage message)
    {
        if (_authType == "header")
        {
            headers.TryAddWithoutValidation(_authName, Filled(message.Key));
        }
    }

    /// <summary>The path names one model, not any.</summary>
    private bool IsExact => CallerPaths[_caller].Any(path => path.Contains('{', StringComparison.Ordinal)) && !_incoming.Contains('{', StringComparison.Ordinal);

    private static IEnumerable<CustomRoute> For(JsonElement json, string incoming, string upstream)
    {
        foreach (var (dialect, paths) in CallerPaths)
        {
            var route = new CustomRoute(json, incoming, upstream) { _caller = dialect };
            if (paths.Any(path => path == route._incoming || Matches(path, route._incoming)))
            {
                yield return route;
            }
        }
    }

    /// <summary>A path with its model written out.</summary>
    private static bool Matches(string path, string incoming)
    {
        var at = path.IndexOf("{model}", StringComparison.Ordinal);
        return at >= 0
            && incoming.StartsWith(path[..at], StringComparison.Ordinal)
            && incoming.EndsWith(path[(at + "{model}".Length)..], StringComparison.Ordinal);
    }

    private static Regex PatternOf(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, RegexLimit);
        }
        catch (ArgumentException)
        {
            // A pattern that cannot be read matches nothing: the route does not cover what it was not meant to.
            return new Regex("$.", RegexOptions.None, RegexLimit);
        }
    }

    private string Filled(string key) =>
        _authValue.Replace("{api_key}", key, StringComparison.Ordinal).Replace("{key}", key, StringComparison.Ordinal);
}
