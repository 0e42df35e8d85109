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
internal static class UsageMeter
{
    public static Usage OfReply(RelayCall call, in ReplyFacts facts, ReadOnlySpan<byte> reply) =>
        IsReported(facts.Usage) || !facts.Delivered ? facts.Usage
        : SellsPictures(call.Dialect) ? OfPictures(call, facts.Usage, facts.Images)
        : Estimate(call, facts.Usage, ReplyReader.EstimateOutput(call.UpstreamDialect, reply, FamilyOf(call)));

    /// <summary>Speech: what was to be said, and what was heard.</summary>
    public static Usage OfSound(RelayCall call, SoundMeter sound) =>
        new() { Input = call.PromptEstimate, Output = sound.Tokens, AudioOutput = sound.Tokens, Estimated = true };

    /// <param name="call">The call.</param>
    /// <param name="tap">What was seen of the stream.</param>
    /// <param name="ended">The stream came to its own end; otherwise the last word on the output may be missing.</param>
    public static Usage OfStream(RelayCall call, StreamTap tap, bool ended)
    {
        var usage = tap.Usage;
        if (IsReported(usage) && (tap.UsageComplete || ended))
        {
            return usage;
        }
        if (tap.Delivered && SellsPictures(call.Dialect))
        {
            return OfPictures(call, usage, tap.Images);
        }
        return tap.Delivered ? Estimate(call, usage, tap.EstimatedOutput) : new Usage { Semantics = usage.Semantics };
    }

    /// <summary>What a stream has cost so far, should nothing more be known of it.</summary>
    public static Usage SoFar(RelayCall call, StreamTap tap) =>
        SellsPictures(call.Dialect) ? OfPictures(call, tap.Usage, tap.Images) : Estimate(call, tap.Usage, tap.EstimatedOutput);

    /// <summary>Whose way of cutting text into tokens an estimate follows.</summary>
    public static TokenFamily FamilyOf(RelayCall call) => TokenEstimate.FamilyOf(call.Model);

    private static bool IsReported(in Usage usage) => usage.Input is > 0 || usage.Output is > 0;

    private static bool SellsPictures(Dialect dialect) => dialect is Dialect.OpenAIImages or Dialect.OpenAIImageEdits;

    /// <summary>An upstream that counts no tokens of its pictures does not thereby give them away.</summary>
    private static Usage OfPictures(RelayCall call, in Usage reported, int images) => reported with
    {
        Input = reported.Input ?? call.PromptEstimate,
        Output = reported.Output ?? ImagePrice.AssumedOutputTokens * Math.Max(images, 1),
        Estimated = true,
    };

    private static Usage Estimate(RelayCall call, in Usage reported, long estimated)
    {
        var output = Math.Max(reported.Output ?? 0, estimated);
        if (call.Scan.MaxOutput is { } max)
        {
            // Nobody is charged for more than they allowed on the strength of an estimate.
            output = Math.Min(output, max * Math.Max(call.Scan.Choices ?? 1, 1));
        }
        return reported with { Input = reported.Input ?? call.PromptEstimate, Output = output, Estimated = true };
    }
}
