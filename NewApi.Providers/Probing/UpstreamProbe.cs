using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Overrides;

namespace NewApi.Providers.Probing;

/// <summary>
/// Asks an upstream one tiny question, or for its list of models, the way its provider profile says. Apart from the relay on purpose: a
/// probe neither retries nor charges. What it finds is judged like the answer to a live call.
/// </summary>
/// <param name="connections">Connections by proxy; null for none.</param>
/// <param name="settings">What the environment says about providers.</param>
/// <param name="clock">The clock.</param>
public sealed class UpstreamProbe(Func<string?, HttpMessageInvoker> connections, ProviderSettings settings, TimeProvider clock)
{
    private const int AnswerLimit = 1 << 20;
    private const int ModelListLimit = 8 << 20;
    private const int SaidLimit = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Asks the account a question. Never throws for what the upstream does.</summary>
    /// <param name="target">The account.</param>
    /// <param name="model">The upstream's name of the model.</param>
    /// <param name="endpoint">The kind of call, in the words of the management API; empty for what fits the model.</param>
    /// <param name="stream">Ask for a stream.</param>
    /// <param name="cancel">Nobody waits any more.</param>
    public async Task<ProbeAnswer> AskAsync(ProbeTarget target, string model, string endpoint, bool stream, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(model);
        // Task queues and makers of pictures have no cheap question.
        if (target.Profile is not { } profile || target.AccountWith(profile) is not { } account
            || !ProbeQuestion.TryChoose(account, model, endpoint, out var dialect))
        {
            return new ProbeAnswer(new ProbeFault(ProbeFailure.Unsupported), TimeSpan.Zero);
        }
        if (!account.IsUsable)
        {
            return new ProbeAnswer(WithoutAddress(target.BaseUrl), TimeSpan.Zero);
        }
        var started = clock.GetTimestamp();
        var usage = default(Usage);
        var fault = await GuardAsync(
            async timeout =>
            {
                var headers = target.Headers();
                var question = ProbeQuestion.For(account, dialect, model, stream, target.Overrides(), headers);
                using var content = new ReadOnlyMemoryContent(question.Body);
                var message = new ProbeMessage(headers)
                {
                    Account = account,
                    Key = target.Key,
                    Dialect = dialect,
                    Model = question.Model,
                    Action = dialect == Dialect.GeminiEmbeddings ? "embedContent" : stream ? "streamGenerateContent" : "generateContent",
                    Stream = stream,
                    Content = content,
                    Body = question.Body,
                    Settings = settings,
                    Clock = clock,
                };
                using var response = await SendAsync(message, target.Proxy, timeout);
                var (problem, counted) = response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType is "text/event-stream"
                    ? await ReadStreamAsync(dialect, response, target.Key, timeout)
                    : await ReadReplyAsync(dialect, response, question.LooksRight, target.Key, timeout);
                usage = counted;
                return problem;
            },
            cancel);
        return new ProbeAnswer(fault, clock.GetElapsedTime(started), usage);
    }

    /// <summary>Names of the models that upstream lists, or what went wrong.</summary>
    public async Task<(ProbeFault? Fault, IReadOnlyList<string> Models)> ListModelsAsync(ProbeTarget target, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.Profile is not { } profile)
        {
            return (new ProbeFault(ProbeFailure.Unsupported), []);
        }
        var account = target.AccountWith(profile);
        if (account.ModelList is not { } address)
        {
            return (WithoutAddress(target.BaseUrl), []);
        }
        var names = new List<string>();
        var fault = await GuardAsync(
            async timeout =>
            {
                var message = new ProbeMessage(target.Headers())
                {
                    Account = account,
                    Key = target.Key,
                    Dialect = profile.Credential == CredentialScheme.AnthropicKey ? Dialect.AnthropicMessages : Dialect.OpenAIChat,
                    Model = "",
                    Settings = settings,
                    Clock = clock,
                };
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                UpstreamRequests.AddCredential(request.Headers, message);
                using var response = await connections(target.Proxy).SendAsync(UpstreamRequests.Finish(request, message), timeout);
                var body = await ReadAsync(response, ModelListLimit, timeout);
                return !response.IsSuccessStatusCode ? Refused(message.Dialect, response, body, target.Key)
                    : TryReadModels(body, names) ? null
                    : NotUnderstood();
            },
            cancel);
        return (fault, fault is null ? names : []);
    }

    private static ProbeFault WithoutAddress(string? baseUrl) =>
        new(string.IsNullOrWhiteSpace(baseUrl) ? ProbeFailure.NoBaseUrl : ProbeFailure.BadBaseUrl);

    private async Task<HttpResponseMessage> SendAsync(ProbeMessage message, string? proxy, CancellationToken cancel)
    {
        if (message.Account.Profile.Adapter is { } adapter)
        {
            return await adapter.SendAsync(message, connections(proxy), cancel);
        }
        using var request = UpstreamRequests.Build(message);
        return await connections(proxy).SendAsync(request, cancel);
    }

    private static async Task<ProbeFault?> GuardAsync(Func<CancellationToken, Task<ProbeFault?>> ask, CancellationToken cancel)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(Patience);
        try
        {
            return await ask(timeout.Token);
        }
        catch (ProviderException fault)
        {
            return new ProbeFault(ProbeFailure.SetUp, fault.ToFault(), fault.Message);
        }
        catch (TranslationException fault)
        {
            return new ProbeFault(ProbeFailure.SetUp, fault.ToFault(), fault.Message);
        }
        catch (OverrideException fault)
        {
            return new ProbeFault(ProbeFailure.SetUp, fault.ToFault(), fault.Message);
        }
        catch (OverrideRefusedException fault)
        {
            return new ProbeFault(ProbeFailure.SetUp, fault.Fault, fault.Message);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ProbeFault(
                ProbeFailure.Timeout, new RelayFault(504, "do_request_failed", "The upstream did not answer in time.") { Leg = Leg.Connect });
        }
        catch (HttpRequestException fault)
        {
            return Unreachable(fault.HttpRequestError.ToString());
        }
        catch (Exception fault) when (fault is SseFrameTooLargeException or JsonException)
        {
            return NotUnderstood();
        }
        catch (IOException)
        {
            return Unreachable("connection lost");
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException)
        {
            // A key or header with characters that no header can carry; the text of the exception may repeat it.
            return Unreachable("the key or a header has forbidden characters");
        }
    }

    private static ProbeFault Unreachable(string said) =>
        new(ProbeFailure.Unreachable, new RelayFault(500, "do_request_failed", "The upstream could not be reached or broke off.") { Leg = Leg.Connect }, said);

    private static ProbeFault NotUnderstood() =>
        new(ProbeFailure.NotUnderstood, new RelayFault(502, "bad_response_body", "The upstream's answer cannot be read.") { Leg = Leg.Decode });

    private ProbeFault Refused(Dialect dialect, HttpResponseMessage response, ReadOnlyMemory<byte> body, string key)
    {
        var status = (int)response.StatusCode;
        var raw = UpstreamError.Parse(dialect, status, body.Span, response.Content.Headers.ContentType?.MediaType);
        var wait = response.Headers.RetryAfter?.Delta ?? (response.Headers.RetryAfter?.Date - clock.GetUtcNow());
        return new ProbeFault(
            ProbeFailure.Refused,
            raw with { Leg = Leg.Headers, RetryAfter = wait > TimeSpan.Zero ? wait : raw.RetryAfter },
            Shown(raw.FromUpstream ? raw.Unmasked ?? raw.Message : Encoding.UTF8.GetString(body.Span).Trim(), key))
        {
            Status = status,
        };
    }

    /// <summary>An error inside an answer with status 200.</summary>
    private static ProbeFault InBand(RelayFault error, string key) =>
        new(ProbeFailure.Refused, error with { Leg = Leg.Body }, Shown(error.Unmasked ?? error.Message, key)) { Status = 200 };

    private async Task<(ProbeFault? Fault, Usage Usage)> ReadReplyAsync(
        Dialect dialect, HttpResponseMessage response, Func<JsonNode, bool> looksRight, string key, CancellationToken cancel)
    {
        var body = await ReadAsync(response, AnswerLimit, cancel);
        if (!response.IsSuccessStatusCode)
        {
            return (Refused(dialect, response, body, key), default);
        }
        var facts = ReplyReader.Read(dialect, body.Span);
        if (facts.Error is { } error)
        {
            return (error.FromUpstream ? InBand(error, key) : NotUnderstood(), default);
        }
        return ParseOrNull(body) is { } json && looksRight(json) ? (null, facts.Usage) : (NotUnderstood(), default);
    }

    /// <summary>A stream is alive when it has content or comes to its end; it is read on for its usage.</summary>
    private static async Task<(ProbeFault? Fault, Usage Usage)> ReadStreamAsync(
        Dialect dialect, HttpResponseMessage response, string key, CancellationToken cancel)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        using var frames = new SseFrameBuffer(AnswerLimit);
        var tap = StreamTap.Create(dialect);
        var total = 0;
        var ended = false;
        while (!ended && tap.Error is null && total < AnswerLimit)
        {
            var read = await body.ReadAsync(frames.GetMemory(), cancel);
            frames.Advance(read);
            total += read;
            while (frames.TryReadFrame(out var frame))
            {
                ended |= (tap.Observe(frame.Span) & FrameKind.Terminal) != 0;
            }
            if (read == 0)
            {
                if (frames.TryReadRest(out var rest))
                {
                    tap.Observe(rest.Span);
                }
                break;
            }
        }
        return tap.Error is { } error ? (error.FromUpstream ? InBand(error, key) : NotUnderstood(), default)
            : tap.Delivered || tap.Finished ? (null, tap.Usage)
            : (NotUnderstood(), default);
    }

    private static bool TryReadModels(ReadOnlyMemory<byte> body, List<string> names)
    {
        if (ParseOrNull(body) is not JsonObject answer || (answer["data"] ?? answer["models"]) is not JsonArray list)
        {
            return false;
        }
        foreach (var entry in list)
        {
            if (entry is JsonObject item && (item["id"] ?? item["name"] ?? item["model"]) is JsonValue value
                && value.TryGetValue<string>(out var name))
            {
                names.Add(name.StartsWith("models/", StringComparison.Ordinal) ? name[7..] : name);
            }
        }
        return true;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, int limit, CancellationToken cancel)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[64 * 1024];
        var bytes = new MemoryStream();
        while (bytes.Length < limit && await body.ReadAsync(buffer, cancel) is > 0 and var count)
        {
            bytes.Write(buffer, 0, count);
        }
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    private static JsonNode? ParseOrNull(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonNode.Parse(json.Span);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Shown(string said, string key)
    {
        said = said.Replace(key, "***", StringComparison.Ordinal);
        return said.Length > SaidLimit ? said[..SaidLimit] + "…" : said;
    }
}
