using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Providers.Tests;

/// <summary>Texts of callers stand in addresses as one part each: they end no path, leave none, and begin no query.</summary>
public sealed class AddressTests
{
    private const string Sly = @"x/../..\y?a#b";
    private const string SlyEscaped = "x%2F..%2F..%5Cy%3Fa%23b";

    [Theory]
    [InlineData(24, Dialect.GeminiAction, "", $"/v1beta/models/{SlyEscaped}:{SlyEscaped}")]
    [InlineData(24, Dialect.GeminiAction, "v1", $"/v1/models/{SlyEscaped}:{SlyEscaped}")]
    [InlineData(41, Dialect.GeminiAction, "", $"/v1/publishers/google/models/{SlyEscaped}:{SlyEscaped}?key=k")]
    [InlineData(41, Dialect.AnthropicMessages, "", $"/v1/publishers/anthropic/models/{SlyEscaped}:rawPredict?key=k")]
    [InlineData(41, Dialect.AnthropicMessages, "", "/v1/publishers/anthropic/models/claude-sonnet-4@20250514:rawPredict?key=k", "claude-sonnet-4-20250514")]
    [InlineData(41, Dialect.AnthropicMessages, "", "/v1/publishers/anthropic/models/claude-sonnet-4@20250514:rawPredict?key=k", "claude-sonnet-4@20250514")]
    [InlineData(3, Dialect.OpenAIChat, "", $"/openai/deployments/{SlyEscaped}/chat/completions?api-version={SlyEscaped}")]
    [InlineData(3, Dialect.OpenAIRealtime, "", $"/openai/realtime?deployment={SlyEscaped}&api-version={SlyEscaped}")]
    [InlineData(3, Dialect.OpenAIResponses, "", "/openai/v1/responses?api-version=preview")]
    [InlineData(1, Dialect.OpenAIRealtime, "", $"/v1/realtime?model={SlyEscaped}")]
    [InlineData(16, Dialect.OpenAIChat, "", $"/api/paas/v3/model-api/{SlyEscaped}/invoke")]
    public async Task Text_of_a_caller_is_one_part_of_the_address(int type, Dialect dialect, string other, string expected, string model = Sly)
    {
        var profile = ProviderRegistry.Find(type)!;
        var account = new ProviderAccount(profile, "https://upstream.test", other, null, JsonElement.Parse("""{"vertex_key_type":"api_key"}"""));
        var message = new SlyMessage
        {
            Account = account,
            Key = "k",
            Dialect = dialect,
            Model = model,
            Action = Sly,
            Content = new ByteArrayContent([]),
            Body = "{}"u8.ToArray(),
        };
        var seen = new Recorder();
        using var http = new HttpMessageInvoker(seen);

        if (type == 41)
        {
            using var response = await profile.Adapter!.SendAsync(message, http, TestContext.Current.CancellationToken);
        }
        else
        {
            using var request = UpstreamRequests.Build(message);
            seen.Address = request.RequestUri;
        }

        Assert.Equal("https://upstream.test" + expected, seen.Address!.AbsoluteUri);
    }

    private sealed class SlyMessage : UpstreamMessage
    {
        public override string? ClientQuery(string name) => name == "api-version" ? Sly : null;
    }

    private sealed class Recorder : HttpMessageHandler
    {
        public Uri? Address { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Address = request.RequestUri;
            return Task.FromResult(new HttpResponseMessage());
        }
    }
}
