using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Data.Options;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Gemini;
using NewApi.Protocols.Overrides;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Upstream;

/// <summary>
/// The body of one attempt (specification: relay §3.8): the caller's bytes with the members that are ours patched, or, for an upstream that
/// speaks another dialect, a translation of them.
/// </summary>
internal sealed class OutgoingBody(MediaFetch media, RelayOptions options)
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly JsonDocumentOptions Lenient = new() { MaxDepth = RequestScanner.MaxDepth };
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = RequestScanner.MaxDepth, AllowDuplicateProperties = false };

    /// <param name="call">The call.</param>
    /// <param name="channel">Where it goes.</param>
    /// <param name="dialect">What is spoken there; the result may name a closer one.</param>
    /// <param name="model">The upstream's name of the model.</param>
    /// <param name="headers">The channel's own headers for the attempt; overrides may change them.</param>
    /// <param name="cancel">The caller has left.</param>
    /// <exception cref="TranslationException">The other dialect cannot say it.</exception>
    /// <exception cref="OverrideException">The channel's override cannot be applied.</exception>
    /// <exception cref="OverrideRefusedException">The channel's override refuses the call.</exception>
    public ValueTask<OutgoingRequest> BuildAsync(
        RelayCall call, Channel channel, Dialect dialect, string model, Dictionary<string, string>? headers, CancellationToken cancel)
    {
        if (dialect != call.Dialect)
        {
            return TranslateAsync(call, channel, dialect, model, headers, cancel);
        }
        if (PassesThrough(call, channel))
        {
            return new(new OutgoingRequest(dialect, call.Body!.Memory, model, headers, null));
        }
        if (dialect == Dialect.AnthropicCountTokens)
        {
            model = Thoughts.NameOf(call, model);
        }
        var body = Patch(call, channel, model, out var made);
        return new(Finish(call, channel, dialect, model, headers, body, made, call.Scan.Form == BodyForm.Json));
    }

    /// <summary>What the provider wants different, then what operators say.</summary>
    private OutgoingRequest Finish(
        RelayCall call,
        Channel channel,
        Dialect dialect,
        string model,
        Dictionary<string, string>? headers,
        ReadOnlyMemory<byte> body,
        BodyBuffer? made,
        bool isJson)
    {
        string? effort = null;
        IReadOnlyList<string>? overridden = null;
        body = isJson ? Adapt(call, channel, dialect, ref model, body, ref made, out effort) : body;
        if (isJson && model != call.Model && dialect is Dialect.GeminiEmbeddings or Dialect.GeminiAction)
        {
            body = Rename(model, body, ref made);
        }
        var parameters = ParamOverride.Join(call.Affinity?.Template, channel.Override);
        if (isJson && (channel.SystemPrompt is not null || parameters is { OnlyHeaders: false }))
        {
            body = Change(call, channel, dialect, model, body, parameters, ref headers, ref made, out overridden);
        }
        else if (parameters is { OnlyHeaders: true })
        {
            // Nobody wants to look into the body, which may be large, or it is a form, whose headers alone can be changed.
            var context = ContextOf(call, model, ref headers);
            parameters.Apply([], context);
            overridden = context.Applied;
        }
        return new OutgoingRequest(dialect, body, model, headers, made) { Effort = effort, Overridden = overridden };
    }

    /// <summary>The address names the model, and so may the body.</summary>
    private ReadOnlyMemory<byte> Rename(string model, ReadOnlyMemory<byte> body, ref BodyBuffer? made)
    {
        var output = BodyBuffer.For(options, body.Length + 256);
        if (!GeminiModelNames.TryWrite(body.Span, model, output))
        {
            output.Dispose();
            return body;
        }
        made?.Dispose();
        made = output;
        return output.Memory;
    }

    /// <summary>What operators say about bodies: the channel's system prompt first, its override last.</summary>
    private ReadOnlyMemory<byte> Change(
        RelayCall call,
        Channel channel,
        Dialect dialect,
        string model,
        ReadOnlyMemory<byte> body,
        ParamOverride? parameters,
        ref Dictionary<string, string>? headers,
        ref BodyBuffer? made,
        out IReadOnlyList<string>? overridden)
    {
        overridden = null;
        var root = (JsonObject)JsonNode.Parse(body.Span, documentOptions: Lenient)!;
        if (channel.SystemPrompt is { } prompt)
        {
            call.SystemPromptChanged = SystemPrompts.Inject(root, dialect, prompt, channel.PrependsSystemPrompt, model)
                && channel.PrependsSystemPrompt;
        }
        if (parameters is not null)
        {
            var context = ContextOf(call, model, ref headers);
            parameters.Apply(root, context);
            overridden = context.Applied;
        }
        var output = BodyBuffer.For(options, body.Length + 256);
        using (var writer = new Utf8JsonWriter(output, Writing))
        {
            root.WriteTo(writer);
        }
        made?.Dispose();
        made = output;
        return output.Memory;
    }

    /// <summary>
    /// False for JSON that can be handed on and not be taken apart: a member is there twice, or a text ends in half a character, as in
    /// <c>"\ud800"</c>. Reads the whole of it: for attempts that have failed already.
    /// </summary>
    public static bool IsSound(RelayCall call)
    {
        if (call.Body is not { } body || call.Scan.Form != BodyForm.Json)
        {
            return true;
        }
        try
        {
            using var document = JsonDocument.Parse(body.Memory, Strict);
            var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = RequestScanner.MaxDepth });
            while (reader.Read())
            {
                _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
            }
            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static OverrideContext ContextOf(RelayCall call, string model, ref Dictionary<string, string>? headers)
    {
        headers ??= new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        return new OverrideContext
        {
            OriginalModel = call.Model,
            UpstreamModel = model,
            RequestPath = call.Http.Request.Path.Value ?? "",
            RetryIndex = Math.Max(0, call.Attempts.Count - 1),
            LastError = call.LastFault,
            ClientHeaders = CallerHeaders.Read(call.Http.Request),
            Affinity = call.Affinity?.Describe(),
            Headers = headers,
        };
    }

    /// <summary>What the provider wants different, by its rules.</summary>
    private ReadOnlyMemory<byte> Adapt(
        RelayCall call, Channel channel, Dialect dialect, ref string model, ReadOnlyMemory<byte> body, ref BodyBuffer? made, out string? effort)
    {
        effort = null;
        body = Thoughts.Apply(options, call, dialect, ref model, body, ref made);
        if (channel.Account.Draft(dialect, model, body, call.Snapshot.Options.Global.ThinkingModelBlacklist) is not { } draft)
        {
            return body;
        }
        effort = EffortIn(model, draft.Model);
        model = draft.Model;
        var output = BodyBuffer.For(options, body.Length + 256);
        draft.WriteTo(output);
        made?.Dispose();
        made = output;
        return output.Memory;
    }

    /// <summary>What would go out as a chat completion goes out as Responses, because the operator's policy says so.</summary>
    public static bool PrefersResponses(RelayCall call, Channel channel, string model) =>
        call.Snapshot.ResponsesPolicy is { } policy && policy.Applies(channel, call.Model) && !PassesThrough(call, channel)
        && channel.Account.Speaks(Dialect.OpenAIResponses, model);

    /// <summary>The suffix that a provider's rule took off a name, when it is a wish for more or less thought.</summary>
    private static string? EffortIn(string model, string bare) =>
        model.Length > bare.Length + 1 && model.StartsWith(bare, StringComparison.Ordinal)
        && model[(bare.Length + 1)..] is ("xhigh" or "high" or "medium" or "low" or "minimal" or "none") and var effort
            ? effort
            : null;

    private static bool PassesThrough(RelayCall call, Channel channel) =>
        (channel.PassThrough || call.Snapshot.Options.Global.PassThroughRequestEnabled) && call.Dialect != Dialect.OpenAIResponsesCompact;

    private async ValueTask<OutgoingRequest> TranslateAsync(
        RelayCall call, Channel channel, Dialect dialect, string model, Dictionary<string, string>? headers, CancellationToken cancel)
    {
        using var source = JsonDocument.Parse(call.Body!.Memory, Lenient);
        if (DocumentTranslations.Exists(call.Dialect, dialect))
        {
            return TranslateDocument(call, channel, dialect, model, headers, source.RootElement);
        }
        var request = Translations.CodecOf(call.Dialect).ReadRequest(source.RootElement, call.Model, call.Stream);
        request.Model = model;
        call.Qualified = request.Qualified;
        if (dialect == Dialect.OpenAIChat && channel.Profile.PrefersResponses && !channel.Account.Flag("chat_only")
            && Translations.PrefersResponses(call.Dialect, request))
        {
            dialect = Dialect.OpenAIResponses;
        }
        call.CustomTools = [.. request.Tools.Where(tool => tool.IsCustom).Select(tool => tool.Name)];
        if (MediaFetch.IsNeeded(dialect))
        {
            await media.BringInAsync(request, call.Snapshot.Options.Fetch.Rules(), cancel);
        }
        var made = BodyBuffer.For(options, call.Body.Length + 256);
        try
        {
            Translations.CodecOf(dialect).WriteRequest(request, made, channel.Traits with
            {
                Gemini = call.Snapshot.Options.Gemini,
                DefaultMaxTokens = call.Snapshot.Options.Claude.DefaultMaxTokens(model),
            });
            return Finish(call, channel, dialect, model, headers, made.Memory, made, isJson: true);
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>A call that is no chat.</summary>
    private OutgoingRequest TranslateDocument(
        RelayCall call, Channel channel, Dialect dialect, string model, Dictionary<string, string>? headers, JsonElement body)
    {
        if (call.Stream)
        {
            throw new TranslationException("The provider of this model does not stream calls of this kind: 'stream' must be false.");
        }
        var translation = DocumentTranslations.Open(call.Dialect, dialect, model);
        var made = BodyBuffer.For(options, call.Body!.Length + 256);
        try
        {
            translation.WriteRequest(body, made);
            return Finish(call, channel, dialect, model, headers, made.Memory, made, isJson: true) with { Document = translation };
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>What the body shall say; an upstream's default for judgements has another name than ours (specification: relay §1.2).</summary>
    private static string ModelFor(RelayCall call, string model) =>
        call.Scan.Model is null && call.Dialect == Dialect.OpenAIModerations && model == call.Model ? "text-moderation-latest" : model;

    private ReadOnlyMemory<byte> Patch(RelayCall call, Channel channel, string model, out BodyBuffer? patched)
    {
        patched = null;
        var body = call.Body!.Memory;
        var edits = new RequestEdits
        {
            Model = ModelFor(call, model),
            ForceUsage = call.Stream && channel.Profile.StreamOptions && options.ForceStreamOption,
            DropStreamOptions = !call.Stream || !channel.Profile.StreamOptions,
            Remove = channel.Removed,
            DefaultMaxTokens = call.Dialect == Dialect.AnthropicMessages ? (int)call.Snapshot.Options.Claude.DefaultMaxTokens(model) : null,
        };
        var output = BodyBuffer.For(options, body.Length + 256);
        if (!RequestRewriter.TryWrite(body.Span, call.Scan, edits, output))
        {
            output.Dispose();
            return body;
        }
        patched = output;
        return output.Memory;
    }
}

/// <summary>What one attempt sends.</summary>
/// <param name="Dialect">What they are written in.</param>
/// <param name="Body">The bytes.</param>
/// <param name="Model">The upstream's name of the model; a suffix that is a wish is taken off it.</param>
/// <param name="Headers">The channel's own headers, or null.</param>
/// <param name="Made">Memory of the body when it is not the caller's own.</param>
internal readonly record struct OutgoingRequest(
    Dialect Dialect, ReadOnlyMemory<byte> Body, string Model, Dictionary<string, string>? Headers, BodyBuffer? Made)
{
    /// <summary>How much thought the name of the model asked for, where the provider reads that from it.</summary>
    public string? Effort { get; init; }

    /// <summary>What overrides changed, by name: places and no values. Null for nothing.</summary>
    public IReadOnlyList<string>? Overridden { get; init; }

    /// <summary>Tells the answer in the caller's dialect, when the call is no chat and was translated.</summary>
    public DocumentTranslation? Document { get; init; }
}
