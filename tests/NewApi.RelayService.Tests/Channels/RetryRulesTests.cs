using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Tests.Channels;

/// <summary>Which faults are worth another channel (specification: relay §3.6), row by row.</summary>
public sealed class RetryRulesTests
{
    public static TheoryData<int, string, Leg, bool, bool> Rows => new()
    {
        // A fault of the channel itself, whatever else.
        { 500, "channel:model_mapped_error", Leg.Gateway, false, true },
        { 400, "channel:no_available_key", Leg.Gateway, true, true },

        // The request is at fault.
        { 403, "insufficient_user_quota", Leg.Gateway, true, false },
        { 500, "convert_request_failed", Leg.Gateway, true, false },
        { 500, "convert_request_failed", Leg.Gateway, false, true },

        // Statuses.
        { 302, "", Leg.Headers, false, true },
        { 400, "", Leg.Headers, false, false },
        { 401, "", Leg.Headers, false, true },
        { 403, "", Leg.Headers, false, true },
        { 404, "", Leg.Headers, false, true },
        { 408, "", Leg.Headers, false, false },
        { 409, "", Leg.Headers, false, true },
        { 429, "", Leg.Headers, false, true },
        { 500, "", Leg.Headers, false, true },
        { 503, "", Leg.Headers, false, true },
        { 504, "", Leg.Headers, false, false },
        { 524, "", Leg.Headers, false, false },
        { 529, "", Leg.Headers, false, true },
        { 599, "", Leg.Headers, false, true },
        { 600, "", Leg.Headers, false, true },
        { 99, "", Leg.Headers, false, true },
        { 500, "bad_response_body", Leg.Headers, false, false },

        // No answer at all, or a 200 that was none: nobody has seen a byte.
        { 504, "do_request_failed", Leg.Connect, false, true },
        { 500, "do_request_failed", Leg.Connect, false, true },
        { 502, "empty_response", Leg.Body, false, true },
        { 400, "invalid_request_error", Leg.Body, false, true },
    };

    [Theory, MemberData(nameof(Rows))]
    public void Fault_is_retried_or_not(int status, string code, Leg leg, bool final, bool retried)
    {
        var fault = new RelayFault(status, code, "text") { Leg = leg, Final = final };

        Assert.Equal(retried, RetryRules.Allow(fault, GatewayOptions.Default));
    }

    [Theory]
    [InlineData(429, false)]
    [InlineData(418, true)]
    [InlineData(504, false)]
    public void Operator_names_the_statuses(int status, bool retried)
    {
        var options = GatewayOptions.Parse(new Dictionary<string, string> { ["AutomaticRetryStatusCodes"] = "418,504" }, out _);

        Assert.Equal(retried, RetryRules.Allow(new RelayFault(status, "", "text") { Leg = Leg.Headers }, options));
    }

    [Theory]
    [InlineData(401, Leg.Headers, "Key")]
    [InlineData(402, Leg.Headers, "Key")]
    [InlineData(403, Leg.Headers, "Key")]
    [InlineData(429, Leg.Headers, "Key")]
    [InlineData(500, Leg.Headers, "Channel")]
    [InlineData(529, Leg.Headers, "Channel")]
    [InlineData(504, Leg.Connect, "Channel")]
    [InlineData(400, Leg.Headers, "None")]
    [InlineData(404, Leg.Headers, "None")]
    [InlineData(413, Leg.Headers, "None")]
    [InlineData(422, Leg.Headers, "None")]
    public void Faults_of_the_request_are_not_blamed_on_the_channel(int status, Leg leg, string blame)
    {
        Assert.Equal(blame, Blames.Of(new RelayFault(status, "x", "text") { Leg = leg, FromUpstream = true }).ToString());
    }
}
