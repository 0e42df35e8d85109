using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols;

namespace NewApi.RelayService.Metering;

/// <summary>
/// Counts the tokens of a prompt, for calls whose upstream did not (specification: billing §9). It reads the body once more, so it is asked
/// only when the figure is needed, and the figure stays with the call.
/// </summary>
internal sealed class PromptCounter(TokenCounter counter, ILogger<PromptCounter> log)
{
    private const int PerMessage = 3;
    private const int PerTool = 8;
    private const int ReplyStart = 3;

    /// <summary>Tokens of the prompt; the rough estimate of the hold where the body is gone, or holds no text to be counted.</summary>
    public long Count(RelayCall call) => call.PromptTokens ??= TryRecount(call);

    /// <summary>A bill must be made whatever a counter thinks of a prompt.</summary>
    private long TryRecount(RelayCall call)
    {
        try
        {
            return Recount(call);
        }
        catch (Exception error)
        {
            // Its message could quote the prompt.
            log.CountFailed(call.RequestId, error.GetType().Name);
            return call.PromptEstimate;
        }
    }

    private long Recount(RelayCall call)
    {
        var scan = call.Scan;
        if (call.Body is not { } body || scan.Form != BodyForm.Json || CallEstimate.IsSoldByCharacter(call))
        {
            return call.PromptEstimate;
        }
        var tally = new TokenTally(call.Model, counter);
        RequestScanner.ReadPrompt(call.Dialect, body.Span, tally);
        var tokens = tally.Total + scan.PromptTokenIds
            + Math.Max(scan.Images - tally.Pictures, 0) * ImageOf(call.Model)
            + scan.Audios * ImageTokens.Audio + scan.Videos * ImageTokens.Video + scan.Files * ImageTokens.File;
        return tokens + call.Dialect switch
        {
            Dialect.OpenAIChat or Dialect.OpenAIResponses or Dialect.OpenAIResponsesCompact =>
                PerMessage * scan.Messages + PerTool * scan.Tools + ReplyStart,
            Dialect.AnthropicMessages or Dialect.AnthropicCountTokens or Dialect.GeminiContent or Dialect.GeminiAction =>
                PerMessage * scan.Messages + PerTool * scan.Tools,
            _ => 0,
        };
    }

    /// <summary>An image that nobody has measured.</summary>
    private static long ImageOf(string model) =>
        TokenCounter.HasTokenizer(model) || model.StartsWith("glm-4", StringComparison.Ordinal) ? ImageTokens.Unmeasured(model) : ImageTokens.OtherFamily;
}
