using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Domain.Tokens;
using NewApi.Protocols;
using NewApi.Protocols.Sound;

namespace NewApi.RelayService.Metering;

/// <summary>
/// Decides what a call used: what the upstream reported, or an estimate of what was delivered where it did not report. Nothing delivered
/// and nothing reported is nothing used.
/// </summary>
internal sealed class UsageMeter(PromptCounter prompts, TokenCounter counter, ILogger<UsageMeter> log)
{
    private const int PerToolCall = 7;

    public Usage OfReply(RelayCall call, in ReplyFacts facts, ReadOnlySpan<byte> reply) =>
        IsReported(facts.Usage) || !facts.Delivered ? facts.Usage
        : SellsPictures(call.Dialect) ? OfPictures(facts.Usage, prompts.Count(call), facts.Images)
        : Estimate(call, facts.Usage, prompts.Count(call), CountOutput(call, facts, reply));

    /// <summary>What a translated answer that is no chat says of its usage: callers of embeddings expect to be told the prompt.</summary>
    public Usage OfDocument(RelayCall call, in ReplyFacts facts) =>
        IsReported(facts.Usage) || SellsPictures(call.Dialect) ? facts.Usage : facts.Usage with { Input = prompts.Count(call) };

    /// <summary>Speech: what was to be said, and what was heard.</summary>
    public Usage OfSound(RelayCall call, SoundMeter sound) =>
        new() { Input = prompts.Count(call), Output = sound.Tokens, AudioOutput = sound.Tokens, Estimated = true };

    /// <param name="call">The call.</param>
    /// <param name="tap">What was seen of the stream.</param>
    /// <param name="ended">The stream came to its own end; otherwise the last word on the output may be missing.</param>
    public Usage OfStream(RelayCall call, StreamTap tap, bool ended)
    {
        var usage = tap.Usage;
        if (IsReported(usage) && (tap.UsageComplete || ended))
        {
            return usage;
        }
        if (tap.Delivered && SellsPictures(call.Dialect))
        {
            return OfPictures(usage, prompts.Count(call), tap.Images);
        }
        return tap.Delivered ? Estimate(call, usage, InputOf(call, usage), CountOutput(call, tap)) : new Usage { Semantics = usage.Semantics };
    }

    /// <summary>What a stream has cost so far, should nothing more be known of it: roughly, since it is asked again and again.</summary>
    public static Usage SoFar(RelayCall call, StreamTap tap) =>
        SellsPictures(call.Dialect)
            ? OfPictures(tap.Usage, call.PromptEstimate, tap.Images)
            : Estimate(call, tap.Usage, call.PromptEstimate, tap.EstimatedOutput);

    /// <summary>Whose way of cutting text into tokens an estimate follows.</summary>
    public static TokenFamily FamilyOf(RelayCall call) => TokenEstimate.FamilyOf(call.Model);

    private static bool IsReported(in Usage usage) => usage.Input is > 0 || usage.Output is > 0;

    private static bool SellsPictures(Dialect dialect) => dialect is Dialect.OpenAIImages or Dialect.OpenAIImageEdits;

    /// <summary>An upstream that counts no tokens of its pictures does not thereby give them away.</summary>
    private static Usage OfPictures(in Usage reported, long prompt, int images) => reported with
    {
        Input = reported.Input ?? prompt,
        Output = reported.Output ?? ImagePrice.AssumedOutputTokens * Math.Max(images, 1),
        Estimated = true,
    };

    /// <summary>A prompt is read again only if nobody has said how long it is.</summary>
    private long InputOf(RelayCall call, in Usage reported) => reported.Input is null ? prompts.Count(call) : 0;

    /// <summary>Content, thoughts and tool calls of a whole answer.</summary>
    private long CountOutput(RelayCall call, in ReplyFacts facts, ReadOnlySpan<byte> reply)
    {
        try
        {
            var tally = new TokenTally(call.Model, counter);
            ReplyReader.ReadText(call.UpstreamDialect, reply, tally);
            return tally.Total + PerToolCall * facts.ToolCalls;
        }
        catch (Exception error)
        {
            log.CountFailed(call.RequestId, error.GetType().Name);
            return TokenCounter.Estimate(call.Model, reply);
        }
    }

    /// <summary>The same of what was seen of a stream: its beginning is counted where the model's tokenizer is known, the rest is estimated.</summary>
    private long CountOutput(RelayCall call, StreamTap tap)
    {
        try
        {
            return counter.Count(call.Model, tap.KeptText) + tap.EstimatedRest + PerToolCall * tap.ToolCalls;
        }
        catch (Exception error)
        {
            log.CountFailed(call.RequestId, error.GetType().Name);
            return tap.EstimatedOutput;
        }
    }

    private static Usage Estimate(RelayCall call, in Usage reported, long prompt, long counted)
    {
        var output = Math.Max(reported.Output ?? 0, counted);
        if (call.Scan.MaxOutput is { } max)
        {
            // Nobody is charged for more than they allowed on the strength of an estimate.
            output = Math.Min(output, max * Math.Max(call.Scan.Choices ?? 1, 1));
        }
        return reported with { Input = reported.Input ?? prompt, Output = output, Estimated = true };
    }
}
