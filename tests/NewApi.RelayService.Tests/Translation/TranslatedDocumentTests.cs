using System.Net;
using System.Text.Json;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Translation;

/// <summary>Embeddings and pictures across dialects: what reaches the upstream, what comes back, and what is charged.</summary>
public sealed class TranslatedDocumentTests
{
    private const int Gemini = 24;

    [Fact]
    public async Task OpenAIs_embeddings_are_made_by_Gemini_and_charged_by_the_prompt()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("""{"embeddings":[{"values":[0.1,0.2]},{"values":[0.3,0.4]}]}"""));
        await using var relay = await StartAsync(upstream, "gemini-embedding-001", Gemini);

        var reply = await relay.PostAsync("/v1/embeddings", """{"model":"m","input":["some words","more words"],"dimensions":2}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal("/v1beta/models/gemini-embedding-001:batchEmbedContents", sent.Path);
        Assert.Equal(
            """{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"some words"}]},"outputDimensionality":2},{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"more words"}]},"outputDimensionality":2}]}""",
            sent.Text);
        Assert.Equal([0.3, 0.4], reply.Json.GetProperty("data")[1].GetProperty("embedding").EnumerateArray().Select(value => value.GetDouble()));
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(charge.PromptTokens, reply.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt64());
        Assert.InRange(charge.PromptTokens, 4, 6);
        await relay.AssertBooksAreRightAsync(charge.Quota);
    }

    [Theory]
    [InlineData("embedContent", """{"content":{"parts":[{"text":"Hi"}]}}""", """{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}}""", """ "Hi" """)]
    [InlineData("batchEmbedContents", """{"requests":[{"content":{"parts":[{"text":"Hi"}]}}]}""", """{"embeddings":[{"values":[0.5]}],"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}}""", """["Hi"]""")]
    public async Task Geminis_embeddings_are_made_by_OpenAI(string action, string body, string expected, string input)
    {
        await using var upstream = await FakeUpstream.StartAsync(
            Json("""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"e","usage":{"prompt_tokens":7,"total_tokens":7}}"""));
        await using var relay = await StartAsync(upstream, "text-embedding-3-small", type: 1);

        var reply = await relay.PostAsync($"/v1beta/models/m:{action}", body);

        Assert.Equal(expected, reply.Text);
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal("/v1/embeddings", sent.Path);
        Assert.Equal($$"""{"model":"text-embedding-3-small","input":{{input.Trim()}},"encoding_format":"float"}""", sent.Text);
        Assert.Equal(7, Assert.Single(await relay.ChargesAsync()).PromptTokens);
    }

    [Fact]
    public async Task Pictures_of_Imagen_are_sold_by_those_that_came_back()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("""{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"aGk="}]}"""));
        await using var relay = await StartAsync(upstream, "imagen-4.0-generate-001", Gemini, price: true);

        var reply = await relay.PostAsync("/v1/images/generations", """{"model":"m","prompt":"A red kite","n":2,"size":"1024x768"}""");

        Assert.Equal("aGk=", reply.Json.GetProperty("data")[0].GetProperty("b64_json").GetString());
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal("/v1beta/models/imagen-4.0-generate-001:predict", sent.Path);
        Assert.Equal("""{"instances":[{"prompt":"A red kite"}],"parameters":{"sampleCount":2,"aspectRatio":"4:3"}}""", sent.Text);
        Assert.Equal(10_000, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(10_000);
    }

    [Fact]
    public async Task Pictures_of_Gemini_are_charged_by_its_tokens()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(
            """{"candidates":[{"content":{"role":"model","parts":[{"text":"Here."},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1290,"totalTokenCount":1294}}"""));
        await using var relay = await StartAsync(upstream, "gemini-2.5-flash-image", Gemini);

        var reply = await relay.PostAsync("/v1/images/generations", """{"model":"m","prompt":"A red kite"}""");

        Assert.Equal("aGk=", reply.Json.GetProperty("data")[0].GetProperty("b64_json").GetString());
        Assert.Equal(1294, reply.Json.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal("/v1beta/models/gemini-2.5-flash-image:generateContent", Assert.Single(upstream.Requests).Path);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((4, 1290), (charge.PromptTokens, charge.CompletionTokens));
    }

    [Theory]
    [InlineData("imagen-4.0-generate-001", """{"predictions":[]}""")]
    [InlineData("gemini-2.5-flash-image", """{"candidates":[{"finishReason":"IMAGE_SAFETY"}],"usageMetadata":{"promptTokenCount":4}}""")]
    public async Task Picture_that_a_filter_caught_is_an_error_and_costs_nothing(string model, string answer)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(answer));
        await using var relay = await StartAsync(upstream, model, Gemini);

        var reply = await relay.PostAsync("/v1/images/generations", """{"model":"m","prompt":"A red kite"}""");

        Assert.Equal((HttpStatusCode.BadRequest, "prompt_blocked"), (reply.Status, reply.Json.GetProperty("error").GetProperty("code").GetString()));
        await relay.AssertBooksAreRightAsync(0);
    }

    [Theory]
    [InlineData("""{"model":"m","prompt":"x","stream":true}""")]
    [InlineData("""{"model":"m","prompt":"x","n":2}""")]
    public async Task What_the_other_dialect_cannot_say_is_refused(string body)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("{}"));
        await using var relay = await StartAsync(upstream, "gemini-2.5-flash-image", Gemini);

        var reply = await relay.PostAsync("/v1/images/generations", body);

        Assert.Equal((HttpStatusCode.BadRequest, "convert_request_failed"), (reply.Status, reply.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.Empty(upstream.Requests);
    }

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, string model, int type, bool price = false) => RelayHost.StartAsync(
        [RelayHost.Channel(1, upstream, row =>
        {
            (row.Models, row.Type) = ("m", type);
            row.ModelMapping = JsonSerializer.Serialize(new Dictionary<string, string> { ["m"] = model });
        })],
        options: price ? new() { ["ModelPrice"] = """{"m":0.02}""" } : new() { ["ModelRatio"] = """{"m":1}""" });

    private static UpstreamScript Json(string answer) => async (http, _) =>
    {
        http.Response.ContentType = "application/json";
        await Faults.WriteAsync(http, answer);
    };
}
