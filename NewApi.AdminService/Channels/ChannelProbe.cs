using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.AdminService.Http;
using NewApi.Data.Rows;
using NewApi.Domain;
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
internal sealed class ChannelProbe(IHttpClientFactory clients, TimeProvider clock)
{
    public const string Client = "NewApi.Probe";

    private const int AnswerLimit = 1 << 20;
    private const int ModelListLimit = 8 << 20;
    private const int MessageLimit = 400;
    private const string DefaultModel = "gpt-4o-mini";

    /// <summary>Task queues and picture bots: they have no cheap question.</summary>
    private static readonly HashSet<long> Untestable = [2, 5, 36, 50, 51, 52, 54, 55];

    public async Task<ProbeResult> TestAsync(ChannelRow row, string model, string endpoint, bool stream, CancellationToken ct)
    {
        if (Untestable.Contains(row.Type))
        {
            return ProbeResult.Failed(Say.TestUnsupported);
        }
        if (ChannelKeys.FirstEnabled(row.Key, MultiKeyInfo.Parse(row.ChannelInfo)) is not { } key)
        {
            return ProbeResult.Failed(Say.NoEnabledKey);
        }
        model = ModelMapping.Resolve(row.ModelMapping, FirstOf(model, row.TestModel, ChannelRules.Models(row.Models).FirstOrDefault()) ?? DefaultModel);
        var question = ProbeQuestion.For(row, model, endpoint, stream);
        if (Address(row.BaseUrl, row.Type, question.Path, question.WholeAddress) is not { } address)
        {
            return ProbeResult.Failed(string.IsNullOrWhiteSpace(row.BaseUrl) ? Say.NoBaseUrl : Say.BadBaseUrl);
        }
        var started = clock.GetTimestamp();
        var (fault, _) = await SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, address)
                {
                    Content = new StringContent(question.Body.ToJsonString(), new UTF8Encoding(false), "application/json"),
                };
                request.Content.Headers.ContentType!.CharSet = null;
                return request;
            },
            row.Type,
            key,
            row.HeaderOverride,
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
        var path = type switch
        {
            4 => "/api/tags",
            17 => "/compatible-mode/v1/models",
            24 => "/v1beta/models?pageSize=1000",
            26 => "/api/paas/v4/models",
            45 => "/api/v3/models",
            _ => "/v1/models",
        };
        if (Address(baseUrl, type, path, false) is not { } address)
        {
            return (string.IsNullOrWhiteSpace(baseUrl) ? Say.NoBaseUrl : Say.BadBaseUrl, []);
        }
        var (fault, json) = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, address), type, key, headers, proxy, ModelListLimit, static _ => true, ct);
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
        Func<HttpRequestMessage> make,
        long type,
        string key,
        string? headerOverride,
        string? proxy,
        int readLimit,
        Func<JsonNode, bool>? looksRight,
        CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            using var request = make();
            Authorize(request, type, key, headerOverride);
            using var own = proxy is null ? null : ThroughProxy(proxy);
            using HttpMessageInvoker invoker = own is null ? clients.CreateClient(Client) : new HttpMessageInvoker(own);
            using var response = invoker is HttpClient client
                ? await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token)
                : await invoker.SendAsync(request, timeout.Token);
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

    private static void Authorize(HttpRequestMessage request, long type, string key, string? headerOverride)
    {
        var profile = ProviderRegistry.Find((int)type);
        switch (profile?.Credential ?? CredentialScheme.Bearer)
        {
            case CredentialScheme.AnthropicKey:
                request.Headers.Add("x-api-key", key);
                request.Headers.Add("anthropic-version", "2023-06-01");
                break;
            case CredentialScheme.GoogleKey:
                request.Headers.Add("x-goog-api-key", key);
                break;
            case CredentialScheme.AzureKey:
                request.Headers.Add("api-key", key);
                break;
            default:
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
                break;
        }
        foreach (var (name, value) in profile?.Headers ?? [])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        if (ChannelRules.Object(headerOverride ?? "") is { } overrides)
        {
            foreach (var header in overrides.EnumerateObject())
            {
                if (header.Value.ValueKind == JsonValueKind.String)
                {
                    request.Headers.Remove(header.Name);
                    request.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString()!.Replace("{api_key}", key));
                }
            }
        }
    }

    private static Uri? Address(string? baseUrl, long type, string path, bool whole)
    {
        var root = string.IsNullOrWhiteSpace(baseUrl) ? ProviderRegistry.Find((int)type)?.BaseUrl : baseUrl.Trim().TrimEnd('/');
        return Uri.TryCreate(root is null ? null : whole ? root : root + path, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https")
            ? uri
            : null;
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
