using NewApi.Domain;
using NewApi.Protocols.Anthropic;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Gemini;

namespace NewApi.RelayService.Upstream;

/// <summary>What a body needs for the thoughts of its model, before the provider's own rules.</summary>
internal static class Thoughts
{
    /// <summary>
    /// Takes proofs of other upstreams out of a body that is not translated, and a wish to think off the name of a Claude (specification: relay
    /// §5.2) or of a Gemini model (§5.4), whose translated body has that wish in it already.
    /// </summary>
    public static ReadOnlyMemory<byte> Apply(
        RelayOptions options, RelayCall call, Dialect dialect, ref string model, ReadOnlyMemory<byte> body, ref BodyBuffer? made)
    {
        if (dialect == call.Dialect && ForeignProofs.MayHave(dialect, body.Span))
        {
            var output = BodyBuffer.For(options, body.Length + 256);
            body = Keep(ForeignProofs.TryRemove(dialect, body, output), body, output, ref made);
        }
        if (dialect == Dialect.AnthropicMessages)
        {
            return ApplySuffix(options, call, ref model, body, ref made);
        }
        if (dialect is not (Dialect.GeminiContent or Dialect.GeminiAction) || call.Snapshot.Options.Global.ThinkingModelBlacklist.Contains(model))
        {
            return body;
        }
        var settings = call.Snapshot.Options.Gemini;
        var name = GeminiThinking.Split(model, settings, out var suffix);
        if (!suffix.IsNone && dialect == Dialect.GeminiContent && call.Dialect == dialect)
        {
            var output = BodyBuffer.For(options, body.Length + 256);
            body = Keep(GeminiThinking.TryWrite(body, model, settings, output), body, output, ref made);
        }
        model = name;
        return body;
    }

    /// <summary>The name of a Claude without a wish to think, which is none of a count's business.</summary>
    public static string NameOf(RelayCall call, string model) =>
        call.Snapshot.Options.Claude.ThinkingAdapterEnabled && !call.Snapshot.Options.Global.ThinkingModelBlacklist.Contains(model)
            ? ThinkingSuffix.Strip(model)
            : model;

    private static ReadOnlyMemory<byte> ApplySuffix(
        RelayOptions options, RelayCall call, ref string model, ReadOnlyMemory<byte> body, ref BodyBuffer? made)
    {
        var settings = call.Snapshot.Options.Claude;
        var name = NameOf(call, model);
        if (name == model)
        {
            return body;
        }
        var output = BodyBuffer.For(options, body.Length + 256);
        var share = settings.ThinkingAdapterBudgetTokensPercentage;
        body = Keep(ThinkingSuffix.TryWrite(body.Span, model, settings.DefaultMaxTokens(name), share, output), body, output, ref made);
        model = name;
        return body;
    }

    private static ReadOnlyMemory<byte> Keep(bool written, ReadOnlyMemory<byte> body, BodyBuffer output, ref BodyBuffer? made)
    {
        if (!written)
        {
            output.Dispose();
            return body;
        }
        made?.Dispose();
        made = output;
        return output.Memory;
    }
}
