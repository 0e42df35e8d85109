using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Upstream;

/// <summary>
/// The body of one attempt (specification: relay §3.8): the caller's bytes with the members that are ours patched, or, for an upstream that
/// speaks another dialect, a translation of them.
/// </summary>
internal sealed class OutgoingBody(RelayOptions options)
{
    private static readonly JsonDocumentOptions Lenient = new() { MaxDepth = RequestScanner.MaxDepth };

    /// <param name="call">The call.</param>
    /// <param name="channel">Where it goes.</param>
    /// <param name="dialect">What is spoken there.</param>
    /// <param name="model">The upstream's name of the model; a suffix that is a wish is taken off it.</param>
    /// <param name="made">Memory of the result when it is not the caller's own.</param>
    /// <exception cref="TranslationException">The other dialect cannot say it.</exception>
    public ReadOnlyMemory<byte> Build(RelayCall call, Channel channel, Dialect dialect, ref string model, out PooledBuffer? made)
    {
        made = null;
        if (dialect == call.Dialect)
        {
            var body = Patch(call, channel, model, out made);
            return PassesThrough(call, channel) || call.Scan.Form != BodyForm.Json ? body : Adapt(call, channel, dialect, ref model, body, ref made);
        }
        made = Translate(call, channel, dialect, model);
        return Adapt(call, channel, dialect, ref model, made.Memory, ref made);
    }

    /// <summary>What the provider wants different, by its rules.</summary>
    private static ReadOnlyMemory<byte> Adapt(
        RelayCall call, Channel channel, Dialect dialect, ref string model, ReadOnlyMemory<byte> body, ref PooledBuffer? made)
    {
        body = Thoughts.Apply(call, dialect, ref model, body, ref made);
        if (channel.Account.Draft(dialect, model, body, call.Snapshot.Options.Global.ThinkingModelBlacklist) is not { } draft)
        {
            return body;
        }
        model = draft.Model;
        var output = new PooledBuffer(body.Length + 256);
        draft.WriteTo(output);
        made?.Dispose();
        made = output;
        return output.Memory;
    }

    private static bool PassesThrough(RelayCall call, Channel channel) =>
        (channel.PassThrough || call.Snapshot.Options.Global.PassThroughRequestEnabled) && call.Dialect != Dialect.OpenAIResponsesCompact;

    private static PooledBuffer Translate(RelayCall call, Channel channel, Dialect dialect, string model)
    {
        using var body = JsonDocument.Parse(call.Body!.Memory, Lenient);
        var request = Translations.CodecOf(call.Dialect).ReadRequest(body.RootElement, call.Model, call.Stream);
        request.Model = model;
        call.CustomTools = [.. request.Tools.Where(tool => tool.IsCustom).Select(tool => tool.Name)];
        var output = new PooledBuffer(call.Body.Length + 256);
        try
        {
            Translations.CodecOf(dialect).WriteRequest(request, output, channel.Traits with
            {
                Gemini = call.Snapshot.Options.Gemini,
                DefaultMaxTokens = call.Snapshot.Options.Claude.DefaultMaxTokens(model),
            });
            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>What the body shall say; an upstream's default for judgements has another name than ours (specification: relay §1.2).</summary>
    private static string ModelFor(RelayCall call, string model) =>
        call.Scan.Model is null && call.Dialect == Dialect.OpenAIModerations && model == call.Model ? "text-moderation-latest" : model;

    private ReadOnlyMemory<byte> Patch(RelayCall call, Channel channel, string model, out PooledBuffer? patched)
    {
        patched = null;
        var body = call.Body!.Memory;
        if (PassesThrough(call, channel))
        {
            return body;
        }
        var edits = new RequestEdits
        {
            Model = ModelFor(call, model),
            ForceUsage = call.Stream && channel.Profile.StreamOptions && options.ForceStreamOption,
            DropStreamOptions = !call.Stream || !channel.Profile.StreamOptions,
            Remove = channel.Removed,
            DefaultMaxTokens = call.Dialect == Dialect.AnthropicMessages ? (int)call.Snapshot.Options.Claude.DefaultMaxTokens(model) : null,
        };
        var output = new PooledBuffer(body.Length + 256);
        if (!RequestRewriter.TryWrite(body.Span, call.Scan, edits, output))
        {
            output.Dispose();
            return body;
        }
        patched = output;
        return output.Memory;
    }
}
