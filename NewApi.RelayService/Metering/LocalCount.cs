using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols;

namespace NewApi.RelayService.Metering;

/// <summary>Answers Anthropic's <c>count_tokens</c> where no upstream can: clients plan their context by it, and a rough figure serves them.</summary>
internal static class LocalCount
{
    private const int PerMessage = 3;
    private const int PerTool = 8;

    /// <summary>A request that an upstream finds wrong is wrong; every other failure is one to help out with.</summary>
    public static bool StandsIn(RelayCall call, RelayFault fault) =>
        call.Dialect == Dialect.AnthropicCountTokens && call.Price is not null && call.Body is not null
        && !(fault.FromUpstream && fault.Status == StatusCodes.Status400BadRequest);

    public static Task AnswerAsync(RelayCall call)
    {
        var scan = call.Scan;
        var tokens = RequestScanner.EstimatePrompt(call.Dialect, call.Body!.Span, UsageMeter.FamilyOf(call))
            + PerMessage * scan.Messages + PerTool * scan.Tools + ImageTokens.OtherFamily * scan.Images + ImageTokens.File * scan.Files;
        call.Http.Response.ContentType = "application/json";
        return call.Http.Response.WriteAsync($$"""{"input_tokens":{{tokens}}}""", call.Http.RequestAborted);
    }
}
