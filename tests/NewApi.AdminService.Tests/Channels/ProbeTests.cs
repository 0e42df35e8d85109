using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace NewApi.AdminService.Tests.Channels;

public class ProbeTests
{
    private const string Key = "sk-upstream-key-123";

    [Theory]
    [InlineData(1, "/v1/chat/completions", "Authorization", "Bearer " + Key, """{"choices":[]}""")]
    [InlineData(14, "/v1/messages", "x-api-key", Key, """{"content":[]}""")]
    [InlineData(24, "/v1beta/models/m1:generateContent", "x-goog-api-key", Key, """{"candidates":[]}""")]
    public async Task A_test_speaks_the_dialect_of_the_provider(int type, string path, string header, string credential, string answer)
    {
        await using var upstream = await Upstream.StartAsync(_ => (200, answer));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await CreateAsync(root, type, upstream.Address);

        var reply = await root.GetAsync("/api/channel/test/1");

        JsonShape.Equal("""{"success":true,"message":"","time":"#"}""", reply.Text);
        var asked = upstream.Received.Single();
        Assert.Equal((path, credential), (asked.Path, asked.Headers[header]));
        var channel = (await root.GetAsync("/api/channel/1")).Data!;
        Assert.True(channel["test_time"]!.GetValue<long>() > 0);
        Assert.True(reply.Json["time"]!.GetValue<double>() < 30);
    }

    [Fact]
    public async Task The_model_is_the_asked_one_after_mapping()
    {
        await using var upstream = await Upstream.StartAsync(_ => (200, """{"choices":[]}"""));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await CreateAsync(root, 1, upstream.Address);
        await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 1, ["model_mapping"] = """{"alias":"middle","middle":"real","x":"y","y":"x"}""" });

        await root.GetAsync("/api/channel/test/1?model=alias");
        Assert.Equal("The channel's model mapping can not be followed", (await root.GetAsync("/api/channel/test/1?model=x")).Message);
        await root.GetAsync("/api/channel/test/1?model=o3-mini&endpoint_type=openai");
        await root.GetAsync("/api/channel/test/1?endpoint_type=anthropic");

        Assert.Equal(["real", "o3-mini", "m1"], upstream.Received.Select(asked => JsonNode.Parse(asked.Body)!["model"]!.GetValue<string>()));
        Assert.NotNull(JsonNode.Parse(upstream.Received[1].Body)!["max_completion_tokens"]);
        // A call in Anthropic's dialect would reach this upstream translated.
        Assert.Equal("/v1/chat/completions", upstream.Received[2].Path);
    }

    [Theory]
    [InlineData(401, """{"error":{"message":"Incorrect API key sk-upstream-key-123"}}""", "Upstream answered 401: Incorrect API key ***")]
    [InlineData(200, """{"error":{"message":"out of credit"}}""", "Upstream answered 200: out of credit")]
    [InlineData(502, "<html>bad gateway</html>", "Upstream answered 502: <html>bad gateway</html>")]
    [InlineData(200, "welcome to nginx", "Upstream answered something we do not understand")]
    [InlineData(200, """{"hello":"world"}""", "Upstream answered something we do not understand")]
    public async Task A_failing_channel_says_why_without_its_key(int status, string answer, string message)
    {
        await using var upstream = await Upstream.StartAsync(_ => (status, answer));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await CreateAsync(root, 1, upstream.Address);

        var reply = await root.GetAsync("/api/channel/test/1");

        Assert.Equal((HttpStatusCode.OK, false, message), (reply.Status, reply.Success, reply.Message));
    }

    [Fact]
    public async Task Nobody_at_the_address_no_channel_and_untestable_types_are_told_apart()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await CreateAsync(root, 1, "http://127.0.0.1:1");
        await CreateAsync(root, 2, "http://127.0.0.1:1");
        await CreateAsync(root, 47, "");

        Assert.StartsWith("Upstream can not be reached", (await root.GetAsync("/api/channel/test/1")).Message);
        Assert.Equal("Channels of this type can not be tested", (await root.GetAsync("/api/channel/test/2")).Message);
        Assert.Equal(0, (await root.GetAsync("/api/channel/test/2")).Json["time"]!.GetValue<double>());
        Assert.Equal("The channel has no base URL", (await root.GetAsync("/api/channel/test/3")).Message);
        Assert.Equal("Not found", (await root.GetAsync("/api/channel/test/99")).Message);
    }

    [Fact]
    public async Task Upstream_models_are_listed_for_a_channel_and_for_a_form()
    {
        await using var upstream = await Upstream.StartAsync(request => request.Path == "/v1/models"
            ? (200, """{"data":[{"id":"gpt-4o"},{"id":"gpt-4o-mini"}]}""")
            : request.Path == "/v1beta/models" ? (200, """{"models":[{"name":"models/gemini-2.5-flash"}]}""") : (404, "{}"));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await CreateAsync(root, 1, upstream.Address);

        JsonShape.Equal("""{"success":true,"message":"","data":["gpt-4o","gpt-4o-mini"]}""", (await root.GetAsync("/api/channel/fetch_models/1")).Text);
        var form = new JsonObject { ["base_url"] = upstream.Address, ["type"] = 24, ["key"] = "first-key\nsecond" };
        JsonShape.Equal("""{"success":true,"message":"","data":["gemini-2.5-flash"]}""", (await root.PostAsync("/api/channel/fetch_models", form)).Text);
        Assert.Equal("first-key", upstream.Received[^1].Headers["x-goog-api-key"]);
        form["type"] = 17;
        Assert.Equal(HttpStatusCode.InternalServerError, (await root.PostAsync("/api/channel/fetch_models", form)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await root.SendAsync(HttpMethod.Post, "/api/channel/fetch_models", "{")).Status);
    }

    [Fact]
    public async Task What_the_channel_says_of_bodies_and_headers_applies_to_its_test()
    {
        await using var upstream = await Upstream.StartAsync(_ => (200, """{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}"""));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await CreateAsync(root, 1, upstream.Address);
        await root.PutAsync("/api/channel/", new JsonObject
        {
            ["id"] = 1,
            ["param_override"] = """{"temperature":0.5}""",
            ["header_override"] = """{"*":"","X-Own":"a {api_key}","X-Copied":"{client_header:X-Other}"}""",
        });

        Assert.True((await root.GetAsync("/api/channel/test/1")).Success);

        var asked = upstream.Received.Single();
        Assert.Equal(0.5, JsonNode.Parse(asked.Body)!["temperature"]!.GetValue<double>());
        Assert.Equal("a " + Key, asked.Headers["X-Own"]);
        Assert.False(asked.Headers.ContainsKey("X-Copied"));
    }

    [Fact]
    public async Task A_test_that_passes_is_logged_and_nobody_pays()
    {
        await using var upstream = await Upstream.StartAsync(_ => (200, """{"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":500}}"""));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await CreateAsync(root, 1, upstream.Address);
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "ModelRatio", ["value"] = """{"m1":2}""" });
        var before = (await root.GetAsync("/api/user/self")).Data!["quota"]!.GetValue<long>();

        await root.GetAsync("/api/channel/test/1");

        var row = (await root.GetAsync("/api/log/?type=2")).Items.Single()!;
        Assert.Equal(("model test", "model test", 0L), ((string?)row["content"], (string?)row["token_name"], (long)row["quota"]!));
        Assert.Equal((1000L, 500L, 1L, "m1"), ((long)row["prompt_tokens"]!, (long)row["completion_tokens"]!, (long)row["channel"]!, (string?)row["model_name"]));
        Assert.Equal(3000, (long)JsonNode.Parse((string)row["other"]!)!["test_quota"]!);
        Assert.Equal(before, (await root.GetAsync("/api/user/self")).Data!["quota"]!.GetValue<long>());
    }

    [Fact]
    public async Task All_channels_are_tested_by_a_worker_and_only_once_at_a_time()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.True((await root.GetAsync("/api/channel/test")).Success);
        var second = await root.GetAsync("/api/channel/test");

        Assert.Equal((HttpStatusCode.Conflict, "The channels are being tested already"), (second.Status, second.Message));
    }

    private static async Task CreateAsync(Session root, int type, string address)
    {
        var reply = await root.PostAsync("/api/channel/", new JsonObject
        {
            ["mode"] = "single",
            ["channel"] = new JsonObject { ["type"] = type, ["name"] = "c", ["key"] = Key, ["base_url"] = address, ["models"] = "m1", ["group"] = "default" },
        });
        Assert.True(reply.Success, reply.Text);
    }

    private sealed record Asked(string Path, Dictionary<string, string> Headers, string Body);

    /// <summary>An upstream that answers as told and remembers what it was asked.</summary>
    private sealed class Upstream(WebApplication app) : IAsyncDisposable
    {
        public string Address => app.Urls.First();

        public List<Asked> Received { get; } = [];

        public static async Task<Upstream> StartAsync(Func<Asked, (int Status, string Body)> answer)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var upstream = new Upstream(app);
            app.Run(async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                var asked = new Asked(
                    context.Request.Path,
                    context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                    await reader.ReadToEndAsync());
                upstream.Received.Add(asked);
                (context.Response.StatusCode, var body) = answer(asked);
                await context.Response.WriteAsync(body);
            });
            await app.StartAsync();
            return upstream;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
