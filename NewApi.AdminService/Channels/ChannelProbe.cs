using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.AdminService.Http;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Providers;

namespace NewApi.AdminService.Channels;

/// <summary>What a probe of an upstream found.</summary>
internal sealed record ProbeResult(Text? Fault, TimeSpan Elapsed)
{
    public bool Success => Fault is null;

    public static ProbeResult Failed(Text fault) => new(fault, TimeSpan.Zero);
}

/// <summary>
/// Asks an upstream one tiny question, or for its list of models, the way its provider profile says. Apart from the relay on purpose: a test
/// neither retries nor charges, and tells the operator what upstream said (without the key).
/// </summary>
internal sealed class ChannelProbe(IHttpMessageHandlerFactory handlers, TimeProvider clock)
{
    public const string Client = "NewApi.Probe";

    private const int AnswerLimit = 1 << 20;
    private const int ModelListLimit = 8 << 20;
    private const int MessageLimit = 400;
    private const string DefaultModel = "gpt-4o-mini";

    public async Task<ProbeResult> TestAsync(ChannelRow row, string model, string endpoint, bool stream, CancellationToken ct)
    {
        if (ProviderRegistry.Find((int)row.Type) is not { } profile)
        {
            return ProbeResult.Failed(Say.TestUnsupported);
        }
        model = ModelMapping.Resolve(row.ModelMapping, FirstOf(model, row.TestModel, ChannelRules.Models(row.Models).FirstOrDefault()) ?? DefaultModel);
        var settings = ChannelRules.Object(row.Settings ?? "") ?? default;
        var account = new ProviderAccount(profile, row.BaseUrl, row.Other, row.OpenAiOrganization, settings, row.CreatedTime);
        // Task queues and makers of pictures have no cheap question.
        if (ProbeQuestion.For(account, model, endpoint, stream) is not { } question)
        {
            return ProbeResult.Failed(Say.TestUnsupported);
        }
        if (ChannelKeys.FirstEnabled(row.Key, MultiKeyInfo.Parse(row.ChannelInfo)) is not { } key)
        {
            return ProbeResult.Failed(Say.NoEnabledKey);
        }
        if (!account.IsUsable)
        {
            return ProbeResult.Failed(string.IsNullOrWhiteSpace(row.BaseUrl) ? Say.NoBaseUrl : Say.BadBaseUrl);
        }
        var started = clock.GetTimestamp();
        using var content = new ReadOnlyMemoryContent(question.Body);
        var message = new ProbeMessage(row.HeaderOverride)
        {
            Account = account,
            Key = key,
            Dialect = question.Dialect,
            Model = question.Model,
            Action = stream ? "streamGenerateContent" : "generateContent",
            Stream = stream,
            Content = content,
            Body = question.Body,
            Clock = clock,
        };
        var (fault, _) = await SendAsync(
            async (http, cancel) =>
            {
                if (profile.Adapter is { } adapter)
                {
                    return await adapter.SendAsync(message, http, cancel);
                }
                using var request = UpstreamRequests.Build(message);
                return await http.SendAsync(request, cancel);
            },
            key,
            Proxy(row),
            stream ? 0 : AnswerLimit,
            stream ? null : question.LooksRight,
            ct);
        return new ProbeResult(fault, clock.GetElapsedTime(started));
    }

    /// <summary>Names of the models that upstream lists, or what went wrong.</summary>
    public async Task<(Text? Fault, List<string> Models)> ListModelsAsync(
        long type, string? baseUrl, string key, string? headers, string? proxy, CancellationToken ct)
    {
        if (ProviderRegistry.Find((int)type) is not { } profile)
        {
            return (Say.TestUnsupported, []);
        }
        var account = new ProviderAccount(profile, baseUrl, null, null);
        if (account.ModelList is not { } address)
        {
            return (string.IsNullOrWhiteSpace(baseUrl) ? Say.NoBaseUrl : Say.BadBaseUrl, []);
        }
        var message = new ProbeMessage(headers)
        {
            Account = account,
            Key = key,
            Dialect = profile.Credential == CredentialScheme.AnthropicKey ? Dialect.AnthropicMessages : Dialect.OpenAIChat,
            Model = "",
            Clock = clock,
        };
        var (fault, json) = await SendAsync(
            async (http, cancel) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                UpstreamRequests.AddCredential(request.Headers, message);
                return await http.SendAsync(UpstreamRequests.Finish(request, message), cancel);
            },
            key,
            proxy,
            ModelListLimit,
            static _ => true,
            ct);
        if (fault is not null || json is null)
        {
            return (fault ?? Say.UpstreamNotUnderstood, []);
        }
        var names = new List<string>();
        if (json is JsonObject answer && (answer["data"] ?? answer["models"]) is JsonArray list)
        {
            foreach (var entry in list)
            {
                if (entry is JsonObject item && (item["id"] ?? item["name"] ?? item["model"]) is JsonValue value
                    && value.TryGetValue<string>(out var name))
                {
                    names.Add(name.StartsWith("models/", StringComparison.Ordinal) ? name[7..] : name);
                }
            }
            return (null, names);
        }
        return (Say.UpstreamNotUnderstood, []);
    }

    public static string? Proxy(ChannelRow row) =>
        ChannelRules.Object(row.Setting ?? "") is { } setting && setting.TryGetProperty("proxy", out var proxy)
        && proxy.ValueKind == JsonValueKind.String && proxy.GetString() is { Length: > 0 } address ? address : null;

    private async Task<(Text? Fault, JsonNode? Json)> SendAsync(
        Func<HttpMessageInvoker, CancellationToken, Task<HttpResponseMessage>> send,
        string key,
        string? proxy,
        int readLimit,
        Func<JsonNode, bool>? looksRight,
        CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            using var http = proxy is null
                ? new HttpMessageInvoker(handlers.CreateHandler(Client), disposeHandler: false)
                : new HttpMessageInvoker(ThroughProxy(proxy));
            using var response = await send(http, timeout.Token);
            if (readLimit == 0 && response.IsSuccessStatusCode)
            {
                return await FirstEventAsync(response, key, timeout.Token);
            }
            var text = await ReadAsync(response, readLimit == 0 ? AnswerLimit : readLimit, timeout.Token);
            var json = ParseOrNull(text);
            if (!response.IsSuccessStatusCode || HasError(json))
            {
                return (Say.UpstreamStatus.Fill((int)response.StatusCode, Message(json, text, key)), null);
            }
            return json is null || looksRight?.Invoke(json) == false ? (Say.UpstreamNotUnderstood, null) : (null, json);
        }
        catch (ProviderException fault)
        {
            return (Say.ChannelSetUp.Fill(fault.Message), null);
        }
        catch (TranslationException fault)
        {
            return (Say.ChannelSetUp.Fill(fault.Message), null);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (Say.UpstreamTimeout, null);
        }
        catch (HttpRequestException fault)
        {
            return (Say.UpstreamUnreachable.Fill(fault.HttpRequestError.ToString()), null);
        }
        catch (IOException)
        {
            return (Say.UpstreamUnreachable.Fill("connection lost"), null);
        }
        catch (Exception fault) when (fault is FormatException or UriFormatException or ArgumentException)
        {
            // A key or header with characters that no header can carry.
            return (Say.UpstreamUnreachable.Fill("the key or a header has forbidden characters"), null);
        }
    }

    /// <summary>A stream is alive when its first data line is there and is no error.</summary>
    private static async Task<(Text? Fault, JsonNode? Json)> FirstEventAsync(HttpResponseMessage response, string key, CancellationToken ct)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct), Encoding.UTF8);
        for (var lines = 0; lines < 100 && await reader.ReadLineAsync(ct) is { } line; lines++)
        {
            if (!line.StartsWith("data:", StringComparison.Ordinal))
            {
                continue;
            }
            var json = ParseOrNull(line[5..]);
            return HasError(json)
                ? (Say.UpstreamStatus.Fill((int)response.StatusCode, Message(json, line, key)), null)
                : json is null ? (Say.UpstreamNotUnderstood, null) : (null, json);
        }
        return (Say.UpstreamNotUnderstood, null);
    }

    private static SocketsHttpHandler ThroughProxy(string proxy) =>
        new() { Proxy = new WebProxy(new Uri(proxy)), UseProxy = true, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) };

    private static async Task<string> ReadAsync(HttpResponseMessage response, int limit, CancellationToken ct)
    {
        await using var body = await response.Content.ReadAsStreamAsync(ct);
        var buffer = new byte[Math.Min(limit, 64 * 1024)];
        using var text = new MemoryStream();
        while (text.Length < limit && await body.ReadAsync(buffer, ct) is > 0 and var count)
        {
            text.Write(buffer, 0, count);
        }
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    private static JsonNode? ParseOrNull(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool HasError(JsonNode? json) => json is JsonObject answer && answer["error"] is not null;

    /// <summary>What upstream says about its failure, shortened and without the key.</summary>
    private static string Message(JsonNode? json, string text, string key)
    {
        var answer = json as JsonObject;
        var said = FirstOf(
            TextOf((answer?["error"] as JsonObject)?["message"]),
            TextOf(answer?["error"]),
            TextOf(answer?["message"]),
            TextOf(answer?["msg"]),
            TextOf(answer?["detail"])) ?? text.Trim();
        said = said.Replace(key, "***", StringComparison.Ordinal);
        return said.Length > MessageLimit ? said[..MessageLimit] + "…" : said;
    }

    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static string? FirstOf(params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                return text.Trim();
            }
        }
        return null;
    }
}

/// <summary>A request of nobody's: no caller, and of the channel's own headers only those that need none.</summary>
internal sealed class ProbeMessage(string? headerOverride) : UpstreamMessage
{
    public override void Override(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (ChannelRules.Object(headerOverride ?? "") is not { } overrides)
        {
            return;
        }
        foreach (var header in overrides.EnumerateObject())
        {
            if (header.Value.ValueKind == JsonValueKind.String)
            {
                request.Headers.Remove(header.Name);
                request.Headers.TryAddWithoutValidation(
                    header.Name, header.Value.GetString()!.Replace("{api_key}", Key, StringComparison.Ordinal));
            }
        }
    }
}
