using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.Providers.Tests;

/// <summary>Every fixture of every provider: the request goes out as the file says, and the answer is read as it says.</summary>
public sealed class FixtureTests
{
    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Fixture.Root, "*.http", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Fixture.Root, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Files))]
    public async Task An_exchange_goes_as_its_fixture_says(string path)
    {
        var fixture = Fixture.Load(path);
        var profile = ProviderRegistry.All.Single(profile => profile.Name == path.Split('/')[0]);
        var account = AccountOf(profile, fixture.Channel);
        var dialect = fixture.Dialect;
        if (profile.Adapter is { } chooser && chooser.TryChoose(account, dialect, fixture.Model, out var chosen))
        {
            dialect = Assert.NotNull(chosen);
        }
        else
        {
            Assert.True(account.Speaks(dialect, fixture.Model), "The provider does not take this dialect.");
        }
        using var upstream = new ScriptedUpstream(fixture.Replies);
        using var http = new HttpMessageInvoker(upstream);
        var message = MessageOf(fixture, account, dialect);
        string answer, facts;
        try
        {
            using var response = await SendAsync(message, http);
            (answer, facts) = await ReadAsync(response, dialect);
        }
        catch (ProviderException refusal)
        {
            (answer, facts) = ("", $"{refusal.Code} {refusal.Message}");
        }
        await upstream.SocketsDone;
        fixture.AssertHappened(upstream.Requests, answer, facts);
    }

    [Fact]
    public void Every_provider_that_answers_has_a_whole_answer_a_stream_and_a_refusal()
    {
        var names = Files.Select(row => row.Data).ToList();
        foreach (var profile in ProviderRegistry.All.Where(profile => profile.Paths.Count > 0 || profile.Adapter is not null))
        {
            var own = names.Where(name => name.StartsWith(profile.Name + "/", StringComparison.Ordinal)).Select(Fixture.Load).ToList();
            Assert.True(own.Exists(fixture => !fixture.Stream && Status(fixture) == 200), $"{profile.Name} has no whole answer.");
            Assert.True(own.Exists(fixture => Status(fixture) != 200), $"{profile.Name} has no refusal.");
            if (profile.Paths.Keys.Any(dialect => dialect is Dialect.OpenAIChat or Dialect.AnthropicMessages or Dialect.GeminiContent or Dialect.OpenAIResponses))
            {
                Assert.True(own.Exists(fixture => fixture.Stream), $"{profile.Name} has no stream.");
            }
        }

        static int Status(Fixture fixture) => fixture.Replies.LastOrDefault() is { Kind: "reply" } reply ? int.Parse(reply.Title.Split(' ')[1]) : 200;
    }

    private static ProviderAccount AccountOf(ProviderProfile profile, JsonElement channel) => new(
        profile,
        channel.Word("base_url"u8),
        channel.Word("other"u8),
        channel.Word("organization"u8),
        channel.Find("settings"u8) ?? default,
        (long)(channel.Number("created"u8) ?? 0));

    private static UpstreamMessage MessageOf(Fixture fixture, ProviderAccount account, Dialect dialect)
    {
        ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes(fixture.Body);
        var model = fixture.Model;
        if (fixture.Body.StartsWith('{'))
        {
            // As the relay does: usage is asked for where that is understood, then the provider's rules.
            var patched = new ArrayBufferWriter<byte>();
            var chat = dialect is Dialect.OpenAIChat or Dialect.OpenAICompletions;
            var edits = new RequestEdits
            {
                ForceUsage = chat && fixture.Stream && account.Profile.StreamOptions,
                DropStreamOptions = !fixture.Stream || !account.Profile.StreamOptions,
            };
            if (RequestRewriter.TryWrite(body.Span, RequestScanner.Scan(dialect, body.Span), edits, patched))
            {
                body = patched.WrittenMemory;
            }
            if (account.Draft(dialect, model, body) is { } draft)
            {
                (model, body) = (draft.Model, draft.ToBytes());
            }
        }
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new FixtureMessage(fixture.Channel)
        {
            Account = account,
            Key = KeyOf(fixture.Channel),
            Dialect = dialect,
            Caller = fixture.Dialect,
            Model = model,
            CallerModel = fixture.Model,
            Action = fixture.Action,
            Stream = fixture.Stream,
            Content = content,
            Body = body,
            ModelHeaders = fixture.Channel.Find("model_headers"u8)?.EnumerateObject().ToDictionary(
                header => header.Name, header => header.Value.EnumerateArray().Select(value => value.GetString()!).ToArray()) ?? [],
            RequestId = "request-1",
            Clock = new FixedClock(),
        };
    }

    /// <summary>The credential; a service account's private key is a file of its own, made for these tests.</summary>
    internal static string KeyOf(JsonElement channel) => channel.Find("key"u8) is { ValueKind: JsonValueKind.Object } key
        ? key.GetRawText().Replace(
            "\"{test-key}\"", JsonSerializer.Serialize(File.ReadAllText(Path.Combine(Fixture.Root, "test-key.pem"))), StringComparison.Ordinal)
        : channel.Word("key"u8) ?? "";

    private static async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http)
    {
        if (message.Account.Profile.Adapter is { } adapter)
        {
            return await adapter.SendAsync(message, http, CancellationToken.None);
        }
        using var request = UpstreamRequests.Build(message);
        return await http.SendAsync(request, CancellationToken.None);
    }

    private static async Task<(string Answer, string Facts)> ReadAsync(HttpResponseMessage response, Dialect dialect)
    {
        var mediaType = response.Content.Headers.ContentType?.MediaType;
        var head = $"{(int)response.StatusCode} {mediaType}\n";
        await using var stream = await response.Content.ReadAsStreamAsync();
        using var all = new MemoryStream();
        var buffer = new byte[100];
        int read;
        while ((read = await stream.ReadAsync(buffer)) > 0)
        {
            all.Write(buffer, 0, read);
        }
        var body = all.ToArray();
        var text = mediaType?.StartsWith("audio/", StringComparison.Ordinal) == true ? Convert.ToHexStringLower(body) : Encoding.UTF8.GetString(body);
        if (!response.IsSuccessStatusCode)
        {
            var fault = UpstreamError.Parse(dialect, (int)response.StatusCode, body, mediaType);
            return (head + text, $"{fault.Status} {fault.Code} {fault.Message}");
        }
        if (dialect is not (Dialect.OpenAIChat or Dialect.OpenAICompletions or Dialect.OpenAIEmbeddings or Dialect.OpenAIResponses
            or Dialect.AnthropicMessages or Dialect.GeminiContent))
        {
            return (head + text, "");
        }
        if (mediaType == "text/event-stream")
        {
            var tap = Observe(dialect, body);
            return (head + text, Facts(tap.Usage, tap.FinishReason, tap.Error, tap.Finished));
        }
        var facts = ReplyReader.Read(dialect, body);
        return (head + text, Facts(facts.Usage, facts.FinishReason, facts.Error, facts.Error is null));
    }

    private static StreamTap Observe(Dialect dialect, byte[] body)
    {
        var tap = StreamTap.Create(dialect);
        using var frames = new SseFrameBuffer();
        body.CopyTo(Roomy(frames, body.Length));
        frames.Advance(body.Length);
        while (frames.TryReadFrame(out var frame))
        {
            tap.Observe(frame.Span);
        }
        if (frames.TryReadRest(out var rest))
        {
            tap.Observe(rest.Span);
        }
        return tap;
    }

    private static Memory<byte> Roomy(SseFrameBuffer frames, int length)
    {
        var memory = frames.GetMemory();
        Assert.True(memory.Length >= length, "The fixture is longer than the buffer.");
        return memory;
    }

    private static string Facts(in Usage usage, string? finish, RelayFault? error, bool finished) =>
        error is not null
            ? $"{error.Status} {error.Code} {error.Message}"
            : $"input {usage.Input?.ToString() ?? "-"}, output {usage.Output?.ToString() ?? "-"}, finish {finish ?? "-"}{(finished ? "" : ", not finished")}";

    private sealed class FixtureMessage(JsonElement channel) : UpstreamMessage
    {
        public override string? ClientHeader(string name) => Find("headers"u8, name);

        public override string? ClientQuery(string name) => Find("query"u8, name);

        private string? Find(ReadOnlySpan<byte> holder, string name)
        {
            foreach (var member in channel.Find(holder)?.EnumerateObject() ?? default)
            {
                if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return member.Value.GetString();
                }
            }
            return null;
        }
    }
}
