using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Domain.Pricing.Expressions;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Settlement;

/// <summary>What the charge of a call depends on besides its tokens.</summary>
internal static class CallFactors
{
    private const int OpenRouter = 20;

    private static readonly ToolUse[] OneSearch = [new ToolUse(ToolPrices.WebSearchPreview, 1)];

    /// <summary>For the hold; from here on a formula sees the request as it is now.</summary>
    public static ChargeFactors ForHold(RelayCall call, TimeProvider clock)
    {
        if (call.Price.Expression is { } formula && call.PricedRequest is null)
        {
            call.PricedRequest = Read(call, formula, clock);
        }
        return call.Factors with { Request = call.PricedRequest };
    }

    public static ChargeFactors ForCharge(RelayCall call, Channel channel, in Usage usage) => call.Factors with
    {
        Request = call.PricedRequest,
        Held = new Quota(call.Hold?.Points ?? 0),
        InfersCacheWrites = channel.Profile.ChannelType == OpenRouter,
        // These models search by themselves, and say nothing of it.
        Tools = call.Dialect != Dialect.OpenAIResponses && !usage.IsEmpty && ToolPrices.ImpliesSearch(call.Model) ? OneSearch : call.Factors.Tools,
    };

    // Apart from the plain path, which must not pay for what this one captures.
    private static PricedRequest Read(RelayCall call, PriceExpression formula, TimeProvider clock) => PricedRequest.Read(
        formula,
        call.Body is { } body ? body.Span : default,
        name => call.Http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null,
        clock.GetUtcNow());
}
