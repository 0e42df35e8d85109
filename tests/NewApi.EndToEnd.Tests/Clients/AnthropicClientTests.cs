using System.Text;
using Anthropic;
using Anthropic.Core;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using NewApi.EndToEnd.Tests.Money;

namespace NewApi.EndToEnd.Tests.Clients;

/// <summary>The official Anthropic client, unmodified but for base URL and key, in front of the real process.</summary>
public sealed class AnthropicClientTests : IAsyncLifetime
{
    private const string Claude = "claude-3-5-sonnet-20241022";

    private ClientUpstream _upstream = null!;
    private Shop _shop = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await ClientUpstream.StartAsync();
        _shop = await Shop.OpenAsync();
        await _shop.AddChannelAsync(type: 14, _upstream.Address, Claude);
        await _shop.UseKeyAsync(quota: 1_000_000);
    }

    public async ValueTask DisposeAsync()
    {
        await _shop.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_message_is_answered_with_its_usage()
    {
        using var client = Client(_shop.Key);
        var reply = await client.Messages.Create(Ask("Hi"), Cancel);

        Assert.True(reply.Content[0].TryPickText(out var text));
        Assert.Equal("Hello there", text.Text);
        Assert.Equal((12L, 8L), (reply.Usage.InputTokens, reply.Usage.OutputTokens));
    }

    [Fact]
    public async Task A_stream_comes_piece_by_piece_and_is_billed_by_its_usage()
    {
        using var client = Client(_shop.Key);
        var text = new StringBuilder();
        await foreach (var update in client.Messages.CreateStreaming(Ask("Hi"), Cancel))
        {
            if (update.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var part))
            {
                text.Append(part.Text);
            }
        }
        await _shop.UntilAppliedAsync(1);

        Assert.Equal("Hello there", text.ToString());
        Assert.Equal((12L, 8L), (_shop.Read("SELECT prompt_tokens FROM logs WHERE type = 2"), _shop.Read("SELECT completion_tokens FROM logs WHERE type = 2")));
        // (12 + 8 × 5) × 1.5
        Assert.Equal(78, _shop.Read("SELECT quota FROM logs WHERE type = 2"));
    }

    [Fact]
    public async Task Tools_are_called_with_whole_and_with_streamed_arguments()
    {
        using var client = Client(_shop.Key);
        var reply = await client.Messages.Create(Ask("a tool please"), Cancel);
        var arguments = new StringBuilder();
        await foreach (var update in client.Messages.CreateStreaming(Ask("a tool please"), Cancel))
        {
            if (update.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickInputJson(out var part))
            {
                arguments.Append(part.PartialJson);
            }
        }

        Assert.True(reply.Content[0].TryPickToolUse(out var call));
        Assert.Equal("weather", call.Name);
        Assert.Equal("Oslo", call.Input["city"].GetString());
        Assert.Equal("""{"city":"Oslo"}""", arguments.ToString());
    }

    [Fact]
    public async Task Refusals_are_typed()
    {
        using var client = Client(_shop.Key);
        using var stranger = Client("sk-nobody");

        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => stranger.Messages.Create(Ask("Hi"), Cancel));
        await Assert.ThrowsAsync<AnthropicRateLimitException>(() => client.Messages.Create(Ask("busy"), Cancel));
    }

    [Fact]
    public async Task A_reader_who_leaves_ends_the_upstream_and_pays_for_what_was_delivered()
    {
        using var client = Client(_shop.Key);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var updates = 0;
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var _ in client.Messages.CreateStreaming(Ask("endless"), leaving.Token))
            {
                if (++updates == 6)
                {
                    await leaving.CancelAsync();
                }
            }
        });

        await _upstream.Left.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        await _shop.UntilAppliedAsync(1);
        Assert.InRange(_shop.Read("SELECT quota FROM logs WHERE type = 2"), 1, 10_000);
        await _shop.AssertBooksAreRightAsync();
    }

    private static MessageCreateParams Ask(string text) => new()
    {
        MaxTokens = 100,
        Model = Claude,
        Messages = [new UserMessageParam(text)],
    };

    private AnthropicClient Client(string key) => new(new ClientOptions
    {
        BaseUrl = _shop.Caller.BaseAddress!.ToString().TrimEnd('/'),
        ApiKey = key,
        MaxRetries = 0,
    });
}
