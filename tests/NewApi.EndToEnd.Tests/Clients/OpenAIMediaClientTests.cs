using System.ClientModel;
using System.ClientModel.Primitives;
using NewApi.EndToEnd.Tests.Money;
using OpenAI;
using OpenAI.Audio;
using OpenAI.Images;

namespace NewApi.EndToEnd.Tests.Clients;

/// <summary>The official OpenAI client's pictures, sound and judgements, through the real process.</summary>
public sealed class OpenAIMediaClientTests : IAsyncLifetime
{
    private ClientUpstream _upstream = null!;
    private Shop _shop = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await ClientUpstream.StartAsync();
        _shop = await Shop.OpenAsync();
        await _shop.AddChannelAsync(type: 1, _upstream.Address, "dall-e-3,tts-1,whisper-1,text-moderation-latest");
        await _shop.UseKeyAsync(quota: 1_000_000);
    }

    public async ValueTask DisposeAsync()
    {
        await _shop.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_picture_comes_as_bytes_and_costs_its_size_and_quality()
    {
        GeneratedImage picture = await Client().GetImageClient("dall-e-3").GenerateImageAsync(
            "a cat",
            new ImageGenerationOptions { Size = GeneratedImageSize.W1024xH1792, Quality = new GeneratedImageQuality("hd"), ResponseFormat = GeneratedImageFormat.Bytes },
            Cancel);
        await _shop.UntilAppliedAsync(1);

        Assert.Equal([1, 2, 3], picture.ImageBytes.ToArray());
        Assert.Equal(60_000, _shop.Read("SELECT quota FROM logs WHERE type = 2"));
        await _shop.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task Speech_comes_as_sound_and_costs_its_characters()
    {
        BinaryData sound = await Client().GetAudioClient("tts-1").GenerateSpeechAsync("twelve signs", GeneratedSpeechVoice.Alloy, cancellationToken: Cancel);
        await _shop.UntilAppliedAsync(1);

        Assert.Equal(ClientUpstream.Sound, sound.ToArray());
        Assert.Equal(90, _shop.Read("SELECT quota FROM logs WHERE type = 2"));
        await _shop.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task A_transcript_is_read_and_costs_the_length_of_its_sound()
    {
        AudioTranscription transcript = await Client().GetAudioClient("whisper-1").TranscribeAudioAsync(
            new MemoryStream(new byte[2_500]), "talk.mp3", cancellationToken: Cancel);
        await _shop.UntilAppliedAsync(1);

        Assert.Equal("Hello there", transcript.Text);
        // The upstream says nothing of tokens, and the file is no sound: three thousand bytes begun, at 15 points.
        Assert.Equal(45, _shop.Read("SELECT quota FROM logs WHERE type = 2"));
        await _shop.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task A_judgement_is_read()
    {
        var judgement = await Client().GetModerationClient("text-moderation-latest").ClassifyTextAsync("some words", Cancel);

        Assert.True(judgement.Value.Flagged);
    }

    private OpenAIClient Client() => new(
        new ApiKeyCredential(_shop.Key),
        new OpenAIClientOptions { Endpoint = new Uri(_shop.Caller.BaseAddress!, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
