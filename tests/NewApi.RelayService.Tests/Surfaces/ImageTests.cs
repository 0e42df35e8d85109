using System.Net;
using System.Text;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>Pictures: sold by the piece or by tokens, whole or in parts, asked for in JSON or in a form.</summary>
public sealed class ImageTests
{
    private const string TokenUsage =
        """{"input_tokens":1200,"input_tokens_details":{"text_tokens":200,"image_tokens":1000},"output_tokens":4160,"total_tokens":5360}""";

    [Theory]
    [InlineData("""{"model":"dall-e-3","prompt":"a cat"}""", 1, 20_000)]
    [InlineData("""{"model":"dall-e-3","prompt":"a cat","size":"1024x1792","quality":"hd","n":2}""", 2, 120_000)]
    [InlineData("""{"model":"dall-e-3","prompt":"a cat","quality":"hd"}""", 1, 40_000)]
    [InlineData("""{"model":"dall-e-3","prompt":"a cat","n":3}""", 2, 40_000)]
    public async Task Pictures_sold_by_the_piece_cost_size_times_quality_times_those_returned(string body, int returned, long points)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(Pictures(returned)));
        await using var relay = await StartAsync(upstream, "dall-e-3");

        var reply = await relay.PostAsync("/v1/images/generations", body);

        Assert.Equal(Pictures(returned), reply.Text);
        Assert.Equal(body, upstream.Requests.Single().Text);
        Assert.Equal(points, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(points);
    }

    [Fact]
    public async Task Pictures_sold_by_tokens_cost_what_the_upstream_counted()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(Pictures(1, TokenUsage)));
        await using var relay = await StartAsync(upstream, "gpt-image-1");

        await relay.PostAsync("/v1/images/generations", """{"model":"gpt-image-1","prompt":"a cat","n":1}""");

        Assert.Equal(88_700, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(88_700);
    }

    [Fact]
    public async Task Pictures_sold_by_tokens_are_no_present_when_the_upstream_does_not_count()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(Pictures(2)));
        await using var relay = await StartAsync(upstream, "gpt-image-1");

        await relay.PostAsync("/v1/images/generations", """{"model":"gpt-image-1","prompt":"a cat","n":2}""");

        // A cat is 2 tokens; two pictures of 1,584 tokens at a ratio of 8: 2.5 × (2 + 25,344).
        Assert.Equal(63_365, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Theory]
    [InlineData("""{"model":"dall-e-3","prompt":"x","size":"123x456"}""", "size")]
    [InlineData("""{"model":"dall-e-3","prompt":"x","size":"1024×1024"}""", "size")]
    [InlineData("""{"model":"dall-e-3","prompt":"x","n":129}""", "n")]
    [InlineData("""{"model":"dall-e-3","prompt":"x","n":-1}""", "n")]
    [InlineData("""{"model":"dall-e-3","prompt":"x","n":1,"n":128}""", "n")]
    [InlineData("""{"model":"dall-e-3","prompt":"x","size":"1024x1024","size":"1024x1792"}""", "size")]
    [InlineData("""{"model":"dall-e-3"}""", "prompt")]
    [InlineData("""{"prompt":"x"}""", "model")]
    public async Task Request_that_asks_for_what_does_not_exist_is_refused_before_anything_is_spent(string body, string param)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(Pictures(1)));
        await using var relay = await StartAsync(upstream, "dall-e-3");

        var reply = await relay.PostAsync("/v1/images/generations", body);

        Assert.Equal((HttpStatusCode.BadRequest, param), (reply.Status, reply.Json.GetProperty("error").GetProperty("param").GetString()));
        Assert.Empty(upstream.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Hold_covers_every_picture_that_is_asked_for()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(Pictures(1)));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Models = "dall-e-3")],
            token: key => (key.UnlimitedQuota, key.RemainQuota) = (false, 100_000));

        var many = await relay.PostAsync("/v1/images/generations", """{"model":"dall-e-3","prompt":"x","n":6}""");
        var few = await relay.PostAsync("/v1/images/generations", """{"model":"dall-e-3","prompt":"x","n":5}""");

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (many.Status, few.Status));
    }

    [Fact]
    public async Task Partial_pictures_flow_and_the_last_event_brings_the_charge()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AAAA\",\"partial_image_index\":0}\n\n");
            await Faults.WriteAsync(http, "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"BBBB\",\"usage\":" + TokenUsage + "}\n\n");
        });
        await using var relay = await StartAsync(upstream, "gpt-image-1");

        var reply = await relay.PostAsync("/v1/images/generations", """{"model":"gpt-image-1","prompt":"a cat","stream":true,"partial_images":1}""");

        Assert.Equal("text/event-stream", reply.ContentType);
        Assert.Equal(2, reply.Events.Count);
        Assert.Contains("BBBB", reply.Events[1], StringComparison.Ordinal);
        Assert.DoesNotContain("error", reply.Text, StringComparison.Ordinal);
        Assert.Equal(88_700, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(88_700);
    }

    [Fact]
    public async Task Picture_of_many_megabytes_arrives_whole()
    {
        var picture = new string('A', 24 << 20);
        await using var upstream = await FakeUpstream.StartAsync(Json($$"""{"created":1,"data":[{"b64_json":"{{picture}}"}],"usage":{{TokenUsage}}}"""));
        await using var relay = await StartAsync(upstream, "gpt-image-1");

        var reply = await relay.PostAsync("/v1/images/generations", """{"model":"gpt-image-1","prompt":"a cat"}""");

        Assert.Equal(picture.Length, reply.Json.GetProperty("data")[0].GetProperty("b64_json").GetString()!.Length);
        Assert.Equal(88_700, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Fact]
    public async Task Edit_in_a_form_reaches_the_upstream_under_the_upstreams_name_of_the_model()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(Pictures(1, TokenUsage)));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => (row.Models, row.ModelMapping) = ("gpt-image-1", """{"gpt-image-1":"house-image"}"""))]);
        var file = new byte[100_000];
        new Random(7).NextBytes(file);
        using var form = new MultipartFormDataContent("marker-of-the-form")
        {
            { new StringContent("make it blue"), "prompt" },
            { new ByteArrayContent(file), "image[]", "cat.png" },
            { new StringContent("gpt-image-1"), "model" },
        };

        using var response = await relay.Http.PostAsync("/v1/images/edits", form, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var sent = upstream.Requests.Single();
        Assert.Contains("boundary=\"marker-of-the-form\"", sent.Headers.ContentType.ToString(), StringComparison.Ordinal);
        Assert.Contains("house-image", sent.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("gpt-image-1", sent.Text, StringComparison.Ordinal);
        Assert.True(sent.Body.AsSpan().IndexOf(file) > 0, "The file was changed.");
        Assert.Equal(88_700, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(88_700);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "model=gpt-image-1&prompt=make+it+blue&image=https%3A%2F%2Fexample.com%2Fa.png")]
    [InlineData("application/json", """{"model":"gpt-image-1","prompt":"make it blue","images":[{"image_url":"https://example.com/a.png"}]}""")]
    public async Task Edit_may_also_be_asked_for_in(string type, string body)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(Pictures(1, TokenUsage)));
        await using var relay = await StartAsync(upstream, "gpt-image-1");
        using var content = new StringContent(body, Encoding.UTF8, type);

        using var response = await relay.Http.PostAsync("/v1/images/edits", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(body, upstream.Requests.Single().Text);
        Assert.StartsWith(type, upstream.Requests.Single().Headers.ContentType.ToString(), StringComparison.Ordinal);
        Assert.Equal(88_700, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Fact]
    public async Task Variations_are_not_implemented_and_say_so()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("{}"));
        await using var relay = await StartAsync(upstream, "dall-e-2");

        var reply = await relay.PostAsync("/v1/images/variations", "{}");

        Assert.Equal((HttpStatusCode.NotImplemented, "api_not_implemented"), (reply.Status, reply.Json.GetProperty("error").GetProperty("code").GetString()));
    }

    private static string Pictures(int count, string? usage = null) =>
        $$"""{"created":1,"data":[{{string.Join(',', Enumerable.Repeat("""{"b64_json":"AAAA"}""", count))}}]{{(usage is null ? "" : ",\"usage\":" + usage)}}}""";

    private static UpstreamScript Json(string answer) => async (http, _) =>
    {
        http.Response.ContentType = "application/json";
        await Faults.WriteAsync(http, answer);
    };

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, string model) =>
        RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.Models = model)]);
}
