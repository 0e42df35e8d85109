using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>Sessions over a WebSocket: events both ways, one charge for all responses, and an end when the balance is used up.</summary>
public sealed class RealtimeTests
{
    private const string Model = "gpt-4o-realtime-preview";
    private const string Usage =
        """{"total_tokens":650,"input_tokens":300,"output_tokens":350,"input_token_details":{"text_tokens":100,"audio_tokens":200},"output_token_details":{"text_tokens":50,"audio_tokens":300}}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Session_passes_events_both_ways_and_is_charged_once_for_all_of_its_responses()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answering(Done(Usage)));
        await using var relay = await StartAsync(upstream);

        using (var socket = await ConnectAsync(relay))
        {
            await SayAsync(socket, """{"type":"response.create"}""");
            Assert.Contains("response.done", await HearAsync(socket), StringComparison.Ordinal);
            await SayAsync(socket, """{"type":"response.create"}""");
            Assert.Contains("response.done", await HearAsync(socket), StringComparison.Ordinal);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Cancel);
        }

        var charge = Assert.Single(await relay.ChargesAsync());
        // Twice 2.5 × (100 + 50 × 4 + 200 × 8 + 300 × 8): example 24 of the specification.
        Assert.Equal((600, 700, 21_500), (charge.PromptTokens, charge.CompletionTokens, charge.Quota));
        var sent = upstream.Requests.Single();
        Assert.Equal("/v1/realtime?model=" + Model, sent.Path);
        Assert.Equal("Bearer upstream-secret-1", sent.Headers.Authorization.ToString());
        await relay.AssertBooksAreRightAsync(21_500);
    }

    [Fact]
    public async Task Key_may_come_as_a_subprotocol_and_never_reaches_the_upstream()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answering(Done(Usage)));
        await using var relay = await StartAsync(upstream);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("realtime");
        socket.Options.AddSubProtocol("openai-insecure-api-key.sk-" + RelayHost.Key);
        socket.Options.AddSubProtocol("openai-beta.realtime-v1");

        await socket.ConnectAsync(Address(relay), Cancel);
        await SayAsync(socket, """{"type":"response.create"}""");
        await HearAsync(socket);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Cancel);

        Assert.Equal("realtime", socket.SubProtocol);
        var sent = upstream.Requests.Single();
        Assert.Equal(("realtime", "realtime=v1"), (sent.Headers.SecWebSocketProtocol.ToString(), sent.Headers["OpenAI-Beta"].ToString()));
        Assert.DoesNotContain(sent.Headers, header => header.Value.ToString().Contains(RelayHost.Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Session_whose_balance_is_used_up_ends_with_an_error_event()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answering(Done(Usage)));
        await using var relay = await StartAsync(upstream, points: 15_000);
        using var socket = await ConnectAsync(relay);

        await SayAsync(socket, """{"type":"response.create"}""");
        await HearAsync(socket);
        using var error = JsonDocument.Parse(await HearAsync(socket));

        Assert.Equal("error", error.RootElement.GetProperty("type").GetString());
        Assert.StartsWith("evt_", error.RootElement.GetProperty("event_id").GetString(), StringComparison.Ordinal);
        Assert.Equal("pre_consume_token_quota_failed", error.RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(WebSocketMessageType.Close, (await socket.ReceiveAsync(new byte[100], Cancel)).MessageType);
        Assert.Equal(10_750, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(10_750);
    }

    [Fact]
    public async Task Response_that_is_not_counted_upstream_is_counted_here()
    {
        // Ten seconds at 24 kHz each way: 277 tokens heard, 138 spoken (billing §11, example 42).
        var sound = Convert.ToBase64String(new byte[480_000]);
        await using var upstream = await FakeUpstream.StartAsync(Answering(
            $$"""{"type":"response.output_audio.delta","delta":"{{sound}}"}""", """{"type":"response.done","response":{"status":"completed"}}"""));
        await using var relay = await StartAsync(upstream);
        using var socket = await ConnectAsync(relay);

        await SayAsync(socket, $$"""{"type":"input_audio_buffer.append","audio":"{{sound}}"}""");
        await HearAsync(socket);
        await HearAsync(socket);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Cancel);

        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((277, 138, 8_300), (charge.PromptTokens, charge.CompletionTokens, charge.Quota));
    }

    [Fact]
    public async Task Caller_who_vanishes_pays_for_what_was_answered()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answering(Done(Usage)));
        await using var relay = await StartAsync(upstream);
        using (var socket = await ConnectAsync(relay))
        {
            await SayAsync(socket, """{"type":"response.create"}""");
            await HearAsync(socket);
            socket.Abort();
        }

        Assert.Equal(10_750, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(10_750);
    }

    [Fact]
    public async Task Upstream_that_dies_while_the_caller_speaks_has_broken_the_session_off()
    {
        // The caller does not listen, so that it is in speaking that the relay finds out first.
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync(Encoding.UTF8.GetBytes(Done(Usage)), WebSocketMessageType.Text, true, http.RequestAborted);
            var sending = Task.CompletedTask;
            while (await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(1), http.RequestAborted)) == sending)
            {
                sending = socket.SendAsync(new byte[256 * 1024], WebSocketMessageType.Binary, true, http.RequestAborted);
            }
            http.Abort();
        });
        await using var relay = await StartAsync(upstream);
        using var socket = await ConnectAsync(relay);
        using var settled = new CancellationTokenSource();

        var speaking = SpeakAsync(socket, settled.Token);
        var charge = Assert.Single(await relay.ChargesAsync());
        await settled.CancelAsync();
        await speaking;

        Assert.Equal("upstream_cut", Failover.BrokenStreamTests.EndOf(charge));
        Assert.Equal(10_750, charge.Quota);
        await relay.AssertBooksAreRightAsync(10_750);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1:9", "channel:invalid_settings")]
    [InlineData("http://no such host", "channel:invalid_settings")]
    public async Task Channel_whose_proxy_cannot_be_used_says_so(string proxy, string code)
    {
        await using var upstream = await FakeUpstream.StartAsync(Answering(Done(Usage)));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => (row.Models, row.Setting) = (Model, $$"""{"proxy":"{{proxy}}"}"""))],
            options: new() { ["ModelRatio"] = $$"""{"{{Model}}":2.5}""" });
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer sk-" + RelayHost.Key);

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address(relay), Cancel));

        Assert.Contains(code, Assert.Single(await relay.LogsAsync(5, 1)).Other, StringComparison.Ordinal);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Upstream_that_refuses_leaves_an_ordinary_error_and_costs_nothing()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(429));
        await using var relay = await StartAsync(upstream);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer sk-" + RelayHost.Key);
        socket.Options.CollectHttpResponseDetails = true;

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address(relay), Cancel));

        Assert.Equal(HttpStatusCode.TooManyRequests, socket.HttpStatusCode);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Theory]
    [InlineData("https://console.example.com", true)]
    [InlineData("https://evil.example.com", false)]
    public async Task Only_pages_of_listed_origins_may_open_a_session(string origin, bool allowed)
    {
        await using var upstream = await FakeUpstream.StartAsync(Answering(Done(Usage)));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Models = Model)],
            options => options with { RealtimeOrigins = ["https://console.example.com"] });
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer sk-" + RelayHost.Key);
        socket.Options.SetRequestHeader("Origin", origin);

        if (allowed)
        {
            await socket.ConnectAsync(Address(relay), Cancel);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Cancel);
        }
        else
        {
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address(relay), Cancel));
            Assert.Empty(upstream.Requests);
        }
    }

    [Fact]
    public async Task Ordinary_request_is_told_to_come_back_with_a_WebSocket()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answering(Done(Usage)));
        await using var relay = await StartAsync(upstream);

        using var response = await relay.Http.GetAsync("/v1/realtime?model=" + Model, Cancel);

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    private static string Done(string usage) => """{"type":"response.done","response":{"id":"resp_1","status":"completed","output":[],"usage":""" + usage + "}}";

    /// <summary>Answers each event with the same ones.</summary>
    private static UpstreamScript Answering(params string[] events) => async (http, _) =>
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync(http.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
        var buffer = new byte[64 * 1024];
        while (true)
        {
            WebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer, http.RequestAborted);
            }
            while (!received.EndOfMessage);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", http.RequestAborted);
                return;
            }
            foreach (var one in events)
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(one), WebSocketMessageType.Text, true, http.RequestAborted);
            }
        }
    };

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, long? points = null) => RelayHost.StartAsync(
        [RelayHost.Channel(1, upstream, row => row.Models = Model)],
        options: new() { ["ModelRatio"] = $$"""{"{{Model}}":2.5}""", ["CompletionRatio"] = $$"""{"{{Model}}":4}""", ["AudioRatio"] = $$"""{"{{Model}}":8}""", ["AudioCompletionRatio"] = $$"""{"{{Model}}":1}""" },
        token: key => (key.UnlimitedQuota, key.RemainQuota) = points is { } left ? (false, left) : (true, 0));

    private static async Task<ClientWebSocket> ConnectAsync(RelayHost relay)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer sk-" + RelayHost.Key);
        await socket.ConnectAsync(Address(relay), Cancel);
        return socket;
    }

    private static Uri Address(RelayHost relay) =>
        new UriBuilder(new Uri(relay.Http.BaseAddress!, "/v1/realtime")) { Scheme = "ws", Query = "model=" + Model }.Uri;

    private static Task SayAsync(WebSocket socket, string text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, Cancel);

    private static async Task SpeakAsync(WebSocket socket, CancellationToken until)
    {
        try
        {
            while (true)
            {
                await socket.SendAsync(new byte[1024], WebSocketMessageType.Binary, true, until);
                await Task.Delay(TimeSpan.FromMilliseconds(20), until);
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
        }
    }

    private static async Task<string> HearAsync(WebSocket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        WebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer, Cancel);
            text.Append(Encoding.UTF8.GetString(buffer, 0, received.Count));
        }
        while (!received.EndOfMessage);
        return text.ToString();
    }
}
