using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Providers.Anthropic;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Vertex;

/// <summary>Which publisher a model belongs to, and what Vertex wants different in its requests.</summary>
internal sealed partial class VertexAdapter : ProviderAdapter
{
    private const string AnthropicVersion = "vertex-2023-10-16";
    private const string EverywhereRegion = "global";
    private const string Invocations = "includeServerSideToolInvocations";
    private const string InvocationsToo = "include_server_side_tool_invocations";

    /// <summary>What bears an id in Google's other interface, and none here.</summary>
    private static readonly string[] Bearers = ["functionCall", "function_call", "functionResponse", "function_response"];

    private static readonly string[] Configs = ["toolConfig", "tool_config"];

    /// <summary>Bodies in which none of these stands go as they are.</summary>
    private static readonly byte[][] Unknown = [.. Bearers.Append(Invocations).Append(InvocationsToo).Select(Encoding.UTF8.GetBytes)];

    /// <summary>
    /// By Anthropic's documentation of what Vertex AI offers, feature by feature ("Tool search tool", "Context editing", "Compaction", "Web
    /// search tool", "Computer use tool", "Context windows", "Extended thinking"): Google's names no flags.
    /// </summary>
    private static readonly BetaFlags Flags = new(
        ("web-search-2025-03-05", _ => true),
        ("computer-use-2025-01-24", _ => true),
        ("computer-use-2025-11-24", _ => true),
        ("interleaved-thinking-2025-05-14", model => BetaFlags.Within(model, (4, 0), (4, 6))),
        ("context-1m-2025-08-07", model => model.Family != "haiku" && BetaFlags.Within(model, (4, 0), (4, 6))),
        (BetaFlags.ContextManagement, model => model.Major >= 4),
        (BetaFlags.Compaction, model => BetaFlags.Within(model, (4, 6), (4, 6))),
        (BetaFlags.Effort, model => model.Family == "opus" && BetaFlags.Within(model, (4, 5), (4, 5))),
        (BetaFlags.ToolSearch, model => model.Family != "haiku" && BetaFlags.Within(model, (4, 5), (4, 5))));

    public override bool NeedsAddress => false;

    public override bool Speaks(ProviderAccount account, Dialect dialect, string model) => dialect switch
    {
        Dialect.AnthropicMessages => IsClaude(model),
        Dialect.OpenAIChat => !IsClaude(model) && IsOpen(model),
        Dialect.GeminiContent or Dialect.GeminiEmbeddings or Dialect.GeminiAction => !IsClaude(model) && !IsOpen(model),
        _ => false,
    };

    public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(message);
        using var request = await PrepareAsync(message, ActionOf(message), Content(message, out var flags), http, cancel);
        if (flags.Count > 0)
        {
            request.Headers.TryAddWithoutValidation(BetaFlags.Header, string.Join(',', flags));
        }
        UpstreamRequests.AddModelHeaders(request.Headers, message);
        return await http.SendAsync(UpstreamRequests.Finish(request, message), cancel);
    }

    /// <summary>A POST to an action of one of Google's own models, ready to be sent.</summary>
    internal static async Task<HttpRequestMessage> PostAsync(
        UpstreamMessage message, string action, HttpContent content, HttpMessageInvoker http, CancellationToken cancel) =>
        UpstreamRequests.Finish(await PrepareAsync(message, action, content, http, cancel), message);

    private static async Task<HttpRequestMessage> PrepareAsync(
        UpstreamMessage message, string? action, HttpContent? content, HttpMessageInvoker http, CancellationToken cancel)
    {
        var account = message.Account.Setting("vertex_key_type") == "api_key" ? null : ServiceAccount.Parse(message.Key);
        var request = UpstreamRequests.Post(AddressOf(message, action, account), content);
        if (account is not null)
        {
            var token = await account.TokenAsync(http, message.Clock, cancel);
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
            request.Headers.TryAddWithoutValidation("x-goog-user-project", account.Project);
        }
        return request;
    }

    private static string? ActionOf(UpstreamMessage message) => message.Dialect switch
    {
        Dialect.AnthropicMessages => message.Stream ? "streamRawPredict" : "rawPredict",
        _ => message.Action,
    };

    private static bool IsClaude(string model) => model.StartsWith("claude", StringComparison.Ordinal);

    private static bool IsOpen(string model) =>
        model.Contains("llama", StringComparison.OrdinalIgnoreCase) || model.Contains("-maas", StringComparison.Ordinal);

    private static Uri AddressOf(UpstreamMessage message, string? action, ServiceAccount? account)
    {
        var region = RegionOf(message.Account.Other, message.Model);
        var host = message.Account.BaseUrl.Length > 0 ? message.Account.BaseUrl
            : region == EverywhereRegion ? "https://aiplatform.googleapis.com"
            : $"https://{region}-aiplatform.googleapis.com";
        var version = message.Dialect == Dialect.OpenAIChat ? "v1beta1" : "v1";
        var place = account is null ? "" : $"/projects/{Uri.EscapeDataString(account.Project)}/locations/{region}";
        var path = message.Dialect switch
        {
            Dialect.OpenAIChat => "/endpoints/openapi/chat/completions",
            Dialect.AnthropicMessages => $"/publishers/anthropic/models/{Dated(Uri.EscapeDataString(message.Model))}:{action}",
            _ => $"/publishers/google/models/{Uri.EscapeDataString(message.Model)}:{Uri.EscapeDataString(action ?? "")}",
        };
        var address = new Uri($"{host}/{version}{place}{path}");
        if (message.Stream && message.Dialect is Dialect.AnthropicMessages or Dialect.GeminiContent)
        {
            address = UpstreamRequests.WithQuery(address, "alt=sse");
        }
        return account is null ? UpstreamRequests.WithQuery(address, "key=" + Uri.EscapeDataString(message.Key)) : address;
    }

    /// <summary>A region, or JSON of model to region with <c>default</c>.</summary>
    private static string RegionOf(string other, string model)
    {
        if (!other.StartsWith('{'))
        {
            return other.Length > 0 ? other : EverywhereRegion;
        }
        try
        {
            var regions = JsonElement.Parse(other);
            return regions.Word(Encoding.UTF8.GetBytes(model)) ?? regions.Word("default"u8) ?? EverywhereRegion;
        }
        catch (JsonException)
        {
            throw new ProviderException("channel:invalid_settings", "The channel's regions are neither a name nor a JSON object.");
        }
    }

    /// <summary><c>claude-3-5-sonnet-20240620</c> is <c>claude-3-5-sonnet@20240620</c> here.</summary>
    private static string Dated(string model) => DateSuffix().Replace(model, "@$1").Replace("%40", "@", StringComparison.Ordinal);

    /// <summary>The body, and the beta flags to send with it.</summary>
    private static HttpContent? Content(UpstreamMessage message, out IReadOnlyList<string> flags)
    {
        flags = [];
        switch (message.Dialect)
        {
            case Dialect.AnthropicMessages:
                var draft = new RequestDraft(message.Account, message.Dialect, message.Model, message.Body);
                draft.Remove("model");
                draft.Set("anthropic_version", AnthropicVersion);
                flags = Flags.Take(message, draft);
                return Answer.Content(draft.ToBytes());
            case Dialect.GeminiContent when Unknown.Any(name => message.Body.Span.IndexOf(name.AsSpan()) >= 0):
                return Answer.Content(WithoutUnknown(Asked(message)));
            default:
                return message.Content;
        }
    }

    /// <summary>Ids of calls and of their results, and the mark that lets functions stand beside Google's own tools, are refused here.</summary>
    private static JsonObject WithoutUnknown(JsonObject body)
    {
        foreach (var content in (body["contents"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            foreach (var part in (content["parts"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                foreach (var name in Bearers)
                {
                    (part[name] as JsonObject)?.Remove("id");
                }
            }
        }
        foreach (var name in Configs)
        {
            if (body[name] is JsonObject config && (config.Remove(Invocations) | config.Remove(InvocationsToo)) && config.Count == 0)
            {
                body.Remove(name);
            }
        }
        return body;
    }

    [GeneratedRegex(@"-(\d{8})$")]
    private static partial Regex DateSuffix();
}
