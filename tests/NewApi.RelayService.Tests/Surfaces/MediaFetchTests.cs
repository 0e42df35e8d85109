using System.Net;
using System.Text.Json;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>Pictures that a request names by address, for upstreams that fetch nothing.</summary>
public sealed class MediaFetchTests
{
    private static readonly byte[] Picture = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 1, 2, 3];

    [Fact]
    public async Task Picture_is_fetched_and_goes_out_inside_the_request()
    {
        await using var site = await FakeUpstream.StartAsync(Serve(Picture, "application/octet-stream"));
        await using var upstream = await FakeUpstream.StartAsync(Gemini);
        await using var relay = await StartAsync(upstream, ("fetch_setting.allow_private_ip", "true"));

        var reply = await relay.PostAsync("/v1/responses", Ask(site.Address + "/cat"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        using var sent = JsonDocument.Parse(upstream.Requests.Single().Body);
        var inline = sent.RootElement.GetProperty("contents")[0].GetProperty("parts").EnumerateArray()
            .Single(part => part.TryGetProperty("inlineData", out _)).GetProperty("inlineData");
        Assert.Equal(("image/png", Convert.ToBase64String(Picture)), (inline.GetProperty("mimeType").GetString(), inline.GetProperty("data").GetString()));
    }

    [Theory]
    [InlineData("application/json", "{}")]
    [InlineData("text/html", "<html>")]
    public async Task Address_that_leads_to_something_else_is_refused_without_being_repeated(string type, string content)
    {
        await using var site = await FakeUpstream.StartAsync(Serve(System.Text.Encoding.UTF8.GetBytes(content), type));
        await using var upstream = await FakeUpstream.StartAsync(Gemini);
        await using var relay = await StartAsync(upstream, ("fetch_setting.allow_private_ip", "true"));

        var reply = await relay.PostAsync("/v1/responses", Ask(site.Address + "/cat"));

        Assert.Equal((HttpStatusCode.BadRequest, "convert_request_failed"), (reply.Status, reply.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.DoesNotContain(new Uri(site.Address).Port.ToString(), reply.Text, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Address_inside_our_own_network_is_never_called()
    {
        await using var site = await FakeUpstream.StartAsync(Serve(Picture, "image/png"));
        await using var upstream = await FakeUpstream.StartAsync(Gemini);
        await using var relay = await StartAsync(upstream);

        var reply = await relay.PostAsync("/v1/responses", Ask(site.Address + "/cat"));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Empty(site.Requests);
    }

    [Fact]
    public async Task Files_above_the_bound_are_refused_all_together()
    {
        await using var site = await FakeUpstream.StartAsync(Serve([.. Picture, .. new byte[700_000]], "image/png"));
        await using var upstream = await FakeUpstream.StartAsync(Gemini);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Type = 24)],
            options => options with { MaxFileDownload = 1_000_000 },
            new() { ["fetch_setting.allow_private_ip"] = "true", ["fetch_setting.allowed_ports"] = "[]" });

        var one = await relay.PostAsync("/v1/responses", Ask(site.Address + "/a"));
        var two = await relay.PostAsync("/v1/responses", Ask(site.Address + "/a", site.Address + "/b"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (one.Status, two.Status));
    }

    private static string Ask(params string[] addresses) =>
        $$"""{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_text","text":"What is it?"},{{string.Join(',', addresses.Select(address => $$"""{"type":"input_image","image_url":"{{address}}"}"""))}}]}]}""";

    private static UpstreamScript Serve(byte[] file, string type) => async (http, _) =>
    {
        http.Response.ContentType = type;
        await http.Response.Body.WriteAsync(file);
    };

    private static UpstreamScript Gemini { get; } = async (http, _) =>
    {
        http.Response.ContentType = "application/json";
        await Faults.WriteAsync(http, """{"candidates":[{"content":{"role":"model","parts":[{"text":"A cat."}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":4,"totalTokenCount":14}}""");
    };

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, params (string Name, string Value)[] options)
    {
        var rows = options.ToDictionary(option => option.Name, option => option.Value);
        rows["fetch_setting.allowed_ports"] = "[]";
        return RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.Type = 24)], options: rows);
    }
}
