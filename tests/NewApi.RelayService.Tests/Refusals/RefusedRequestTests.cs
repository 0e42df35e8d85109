using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Refusals;

/// <summary>Bad input gets a clear refusal in the shape of its route, whatever it is, and never a stack trace.</summary>
public sealed class RefusedRequestTests
{
    public static TheoryData<string, string, int> Bodies => new()
    {
        { "/v1/chat/completions", "{", 400 },
        { "/v1/chat/completions", "", 400 },
        { "/v1/chat/completions", "[]", 400 },
        { "/v1/chat/completions", "null", 400 },
        { "/v1/chat/completions", "{\"messages\":[]}", 400 },
        { "/v1/chat/completions", "{\"model\":7,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 400 },
        { "/v1/chat/completions", "{\"model\":\"no-such-model\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 503 },
        { "/v1/messages", "{\"model\":", 400 },
        { "/v1/messages", "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 400 },
        { "/v1/messages", "{\"model\":\"no-such-model\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 503 },
        { "/v1/responses", "not json", 400 },
        { "/v1/embeddings", "{\"input\":\"x\"}", 400 },
        { "/v1beta/models/no-such-model:generateContent", "{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}", 503 },
        { "/v1beta/models/gpt-4o:generateContent", "{\"contents\":", 400 },
        { "/v1/no/such/route", "{}", 404 },
        { "/v1beta/models/gpt-4o", "{}", 404 },
        { "/v1beta/models/gpt-4o:", "{}", 404 },
        { "/v1beta/models/gpt-4o:generateContent%3F", "{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}", 404 },
        { "/v1beta/models/gpt-4o:streamGenerateContent%3F", "{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}", 404 },
        { "/v1beta/models/gpt-4o:x%5C..%5C..%5Copenai%5Cchat%5Ccompletions", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 404 },
        { "/v1beta/models/gpt-4o:batchGenerateContent", "{}", 404 },
        { "/v1beta/models/gpt-4o:predictLongRunning", "{\"instances\":[{\"prompt\":\"x\"}]}", 404 },
    };

    [Theory, MemberData(nameof(Bodies))]
    public async Task Bad_request_is_refused_in_the_shape_of_its_route(string path, string body, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);

        var reply = await relay.PostAsync(path, body);

        AssertRefusal(reply, path, status);
        Assert.Empty(upstream.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    [InlineData("/v1/responses")]
    [InlineData("/v1/embeddings")]
    [InlineData("/v1beta/models/gpt-4o:generateContent")]
    public async Task Wrong_key_is_refused_in_the_shape_of_its_route(string path)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);
        relay.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-no-such-key");

        var reply = await relay.PostAsync(path, """{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}""");

        AssertRefusal(reply, path, 401);
        Assert.DoesNotContain("no-such-key", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("length")]
    [InlineData("chunked")]
    [InlineData("gzip bomb")]
    [InlineData("zstd bomb")]
    public async Task Body_of_two_hundred_megabytes_is_refused_and_not_kept(string form)
    {
        const long Size = 200L << 20;
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
        request.Content = form switch
        {
            "length" => new StreamContent(new Repeated(Size)) { Headers = { ContentLength = Size } },
            "chunked" => new StreamContent(new Repeated(Size)),
            _ => new ByteArrayContent(Pack(form, Size)) { Headers = { ContentEncoding = { form.Split(' ')[0] } } },
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        // Asked first, so that the refusal arrives before two hundred megabytes are on their way.
        request.Headers.ExpectContinue = form == "length";
        request.Headers.TransferEncodingChunked = form == "chunked" ? true : null;

        // A server that refuses in the middle of a body may reset the connection after its answer.
        HttpStatusCode? status = null;
        try
        {
            using var response = await relay.Http.SendAsync(request, TestContext.Current.CancellationToken);
            status = response.StatusCode;
            AssertRefusal(await RelayReply.ReadAsync(response, TestContext.Current.CancellationToken), "/v1/chat/completions", 413);
        }
        catch (HttpRequestException) when (form == "chunked" && status is null)
        {
            // The client went on sending and lost the answer with the connection.
        }

        Assert.Empty(upstream.Requests);
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
    }

    [Theory]
    [InlineData(40 << 20)]
    [InlineData(100 << 20)]
    public async Task Large_body_within_the_bound_goes_through_unchanged(int size)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);
        var body = $$"""{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"{{new string('y', size)}}"}],"tail":1}""";

        var reply = await relay.PostAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        var received = upstream.Requests.Single().Body;
        Assert.EndsWith("y\"}],\"tail\":1}", Encoding.UTF8.GetString(received.AsSpan(received.Length - 20)), StringComparison.Ordinal);
        Assert.Equal(body.Length + "\"stream_options\":{\"include_usage\":true},".Length, received.Length);
    }

    [Fact]
    public async Task Encoding_that_nobody_knows_or_that_lies_is_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);
        foreach (var encoding in (string[])["gzip", "br", "zstd", "deflate", "snappy"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new ByteArrayContent("{\"model\":\"gpt-4o\"}"u8.ToArray()) { Headers = { ContentEncoding = { encoding } } },
            };
            using var response = await relay.Http.SendAsync(request, TestContext.Current.CancellationToken);

            AssertRefusal(await RelayReply.ReadAsync(response, TestContext.Current.CancellationToken), "/v1/chat/completions", 400);
        }
    }

    private static void AssertRefusal(RelayReply reply, string path, int status)
    {
        Assert.Equal(status, (int)reply.Status);
        Assert.Equal("application/json", reply.ContentType);
        Assert.NotEmpty(reply.RequestId);
        Assert.DoesNotContain("   at ", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", reply.Text, StringComparison.Ordinal);
        var error = reply.Json.GetProperty("error");
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        if (path.StartsWith("/v1/messages", StringComparison.Ordinal))
        {
            Assert.Equal("error", reply.Json.GetProperty("type").GetString());
            Assert.Equal(JsonValueKind.String, error.GetProperty("type").ValueKind);
        }
        else
        {
            Assert.True(error.TryGetProperty("code", out _));
            Assert.Equal(path.StartsWith("/v1beta", StringComparison.Ordinal), error.TryGetProperty("status", out _));
        }
    }

    private static byte[] Pack(string form, long size)
    {
        using var packed = new MemoryStream();
        using (Stream writer = form.StartsWith("gzip", StringComparison.Ordinal)
            ? new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)
            : new ZstdSharp.CompressionStream(packed, leaveOpen: true))
        {
            using var plain = new Repeated(size);
            plain.CopyTo(writer);
        }
        return packed.ToArray();
    }

    /// <summary>A body that exists only while it is read.</summary>
    private sealed class Repeated(long size) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _read; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var some = (int)Math.Min(count, size - _read);
            buffer.AsSpan(offset, some).Fill((byte)' ');
            _read += some;
            return some;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
