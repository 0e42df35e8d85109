using System.Buffers.Binary;
using System.Net;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>Speech and transcripts: sound flows on as it comes and is charged by characters, tokens or its length.</summary>
public sealed class SoundTests
{
    [Fact]
    public async Task Speech_of_tts_models_costs_its_characters_and_arrives_byte_by_byte()
    {
        var sound = Mp3(frames: 400);
        await using var upstream = await FakeUpstream.StartAsync(Sound(sound, "audio/mpeg"));
        await using var relay = await StartAsync(upstream, "tts-1");

        using var response = await relay.OpenAsync("/v1/audio/speech", $$"""{"model":"tts-1","voice":"alloy","input":"{{string.Concat(Enumerable.Repeat("dé", 60))}}"}""");
        var received = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        Assert.Equal("audio/mpeg", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(sound, received);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((120, 900), (charge.PromptTokens, charge.Quota));
        await relay.AssertBooksAreRightAsync(900);
    }

    [Fact]
    public async Task Speech_of_other_models_costs_its_text_and_the_length_of_its_sound()
    {
        // Ten seconds at 24 kHz, sixteen bits: 167 tokens.
        await using var upstream = await FakeUpstream.StartAsync(Sound(new byte[480_000], "audio/pcm"));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Models = "speaker")],
            options: new() { ["ModelRatio"] = """{"speaker":2}""", ["AudioRatio"] = """{"speaker":3}""", ["AudioCompletionRatio"] = """{"speaker":4}""" });

        using var response = await relay.OpenAsync("/v1/audio/speech", """{"model":"speaker","voice":"v","response_format":"pcm","input":"one two three four"}""");
        await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        var charge = Assert.Single(await relay.ChargesAsync());
        // Four words and three blanks are 5.34 tokens; 2 × (6 + 167 × 3 × 4).
        Assert.Equal((6, 167, 4_020), (charge.PromptTokens, charge.CompletionTokens, charge.Quota));
        await relay.AssertBooksAreRightAsync(4_020);
    }

    [Fact]
    public async Task Speech_that_breaks_off_breaks_the_connection_and_costs_what_came()
    {
        var delivered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "audio/mpeg";
            for (var i = 0; i < 8; i++)
            {
                await http.Response.Body.WriteAsync(Mp3(frames: 40));
                await http.Response.Body.FlushAsync();
            }
            await delivered.Task;
            http.Abort();
        });
        await using var relay = await StartAsync(upstream, "tts-1");

        using var response = await relay.OpenAsync("/v1/audio/speech", """{"input":"Hello","voice":"alloy"}""");
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, await body.ReadAsync(new byte[1000], TestContext.Current.CancellationToken));
        delivered.SetResult();

        await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        // The model was left out: it is tts-1; five characters at 7.5.
        Assert.Equal(38, Assert.Single(await relay.ChargesAsync()).Quota);
        Assert.Equal("""{"model":"tts-1","input":"Hello","voice":"alloy"}""", upstream.Requests.Single().Text);
        await relay.AssertBooksAreRightAsync(38);
    }

    [Fact]
    public async Task Speech_as_events_is_charged_by_the_usage_at_its_end()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AAAA\"}\n\n");
            await Faults.WriteAsync(http, "data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":20,\"output_tokens\":100,\"total_tokens\":120}}\n\n");
        });
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Models = "speaker")],
            options: new() { ["ModelRatio"] = """{"speaker":2}""", ["CompletionRatio"] = """{"speaker":5}""" });

        var reply = await relay.PostAsync("/v1/audio/speech", """{"model":"speaker","voice":"v","stream_format":"sse","input":"one"}""");

        Assert.Equal(2, reply.Events.Count);
        Assert.Equal(1_040, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(1_040);
    }

    [Theory]
    [InlineData("json", "application/json", """{"text":"hi"}""", 15_495)]
    [InlineData("text", "text/plain", "hi\n", 15_495)]
    [InlineData("srt", "text/plain", "1\n00:00:00,000 --> 00:00:01,000\nhi\n", 15_495)]
    [InlineData("verbose_json", "application/json", """{"task":"transcribe","duration":30.0,"text":"hi","segments":[]}""", 7_500)]
    [InlineData("json", "application/json", """{"text":"hi","usage":{"type":"duration","seconds":120}}""", 30_000)]
    [InlineData("json", "application/json", """{"text":"hi","usage":{"type":"tokens","input_tokens":100,"input_token_details":{"audio_tokens":90,"text_tokens":10},"output_tokens":10,"total_tokens":110}}""", 1_650)]
    public async Task Transcript_is_charged_by_the_upstreams_count_or_by_the_length_of_the_file(string format, string type, string answer, long points)
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = type;
            await Faults.WriteAsync(http, answer);
        });
        await using var relay = await StartAsync(upstream, "whisper-1");
        // 61.2 seconds at 8 kHz, eight bits.
        var file = Wav(seconds: 61.2, bytesPerSecond: 8_000);
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(file), "file", "talk.wav" },
            { new StringContent("whisper-1"), "model" },
            { new StringContent(format), "response_format" },
        };

        using var response = await relay.Http.PostAsync("/v1/audio/transcriptions", form, TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal(answer, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.True(upstream.Requests.Single().Body.AsSpan().IndexOf(file) > 0, "The file was changed.");
        Assert.Equal(points, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(points);
    }

    [Fact]
    public async Task Transcript_streams_and_a_form_without_a_model_gets_the_usual_one()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hi\"}\n\n");
            await Faults.WriteAsync(http, "data: {\"type\":\"transcript.text.done\",\"text\":\"hi\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":100,\"output_tokens\":10,\"total_tokens\":110}}\n\n");
            await Faults.WriteAsync(http, "data: [DONE]\n\n");
        });
        await using var relay = await StartAsync(upstream, "whisper-1");
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(Wav(1, 8_000)), "file", "talk.wav" },
            { new StringContent("true"), "stream" },
        };

        using var response = await relay.Http.PostAsync("/v1/audio/translations", form, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.Contains("name=\"model\"\r\n\r\nwhisper-1\r\n", upstream.Requests.Single().Text, StringComparison.Ordinal);
        Assert.Equal(1_650, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(1_650);
    }

    [Theory]
    [InlineData("application/json", """{"model":"whisper-1"}""")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhis")]
    [InlineData("multipart/form-data", "--b--")]
    public async Task Transcript_of_nothing_is_refused(string type, string body)
    {
        await using var upstream = await FakeUpstream.StartAsync(Sound([], "audio/mpeg"));
        await using var relay = await StartAsync(upstream, "whisper-1");
        using var content = new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        using var response = await relay.Http.PostAsync("/v1/audio/transcriptions", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("\"invalid_request\"", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    /// <summary>MPEG 1, layer III, 128 kbit/s at 44.1 kHz: 417 bytes a frame.</summary>
    private static byte[] Mp3(int frames)
    {
        var sound = new byte[417 * frames];
        for (var at = 0; at < sound.Length; at += 417)
        {
            (sound[at], sound[at + 1], sound[at + 2]) = (0xFF, 0xFB, 0x90);
        }
        return sound;
    }

    private static byte[] Wav(double seconds, int bytesPerSecond)
    {
        var file = new byte[44 + (int)(seconds * bytesPerSecond)];
        "RIFF"u8.CopyTo(file);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), bytesPerSecond);
        "data"u8.CopyTo(file.AsSpan(36));
        return file;
    }

    private static UpstreamScript Sound(byte[] sound, string type) => async (http, _) =>
    {
        http.Response.ContentType = type;
        await http.Response.Body.WriteAsync(sound);
    };

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, string model) =>
        RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.Models = model)]);
}
