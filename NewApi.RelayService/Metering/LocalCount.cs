using NewApi.Domain;

namespace NewApi.RelayService.Metering;

/// <summary>
/// Answers Anthropic's <c>count_tokens</c> and Gemini's <c>countTokens</c> where no upstream can: clients plan their context by it, and a
/// rough figure serves them.
/// </summary>
internal sealed class LocalCount(PromptCounter prompts)
{
    /// <summary>A request that an upstream finds wrong is wrong; every other failure is one to help out with.</summary>
    public static bool StandsIn(RelayCall call, RelayFault fault) =>
        call.Unbilled && call.Price is not null && call.Body is not null
        && !(fault.FromUpstream && fault.Status == StatusCodes.Status400BadRequest);

    public Task AnswerAsync(RelayCall call)
    {
        var tokens = prompts.Count(call);
        call.Http.Response.ContentType = "application/json";
        return call.Http.Response.WriteAsync(
            call.Dialect == Dialect.AnthropicCountTokens
                ? $$"""{"input_tokens":{{tokens}}}"""
                : $$"""{"totalTokens":{{tokens}},"promptTokensDetails":[{"modality":"TEXT","tokenCount":{{tokens}}}]}""",
            call.Http.RequestAborted);
    }
}
