using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using NewApi.EndToEnd.Tests.Money;
using OpenAI;
using OpenAI.Chat;

namespace NewApi.EndToEnd.Tests.Clients;

/// <summary>The official OpenAI client, unmodified but for base URL and key, in front of the real process.</summary>
public sealed class OpenAIClientTests : IAsyncLifetime
{
    private ClientUpstream _upstream = null!;
    private Shop _shop = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static ChatTool Weather { get; } = ChatTool.CreateFunctionTool(
        "weather", "Tells the weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}"""));

    public async ValueTask InitializeAsync()
    {
        _upstream = await ClientUpstream.StartAsync();
        _shop = await Shop.OpenAsync();
        await _shop.AddChannelAsync(type: 1, _upstream.Address, "gpt-4o,text-embedding-3-small");
        await _shop.UseKeyAsync(quota: 1_000_000);
    }

    public async ValueTask DisposeAsync()
    {
        await _shop.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_chat_is_answered_with_its_usage()
    {
        ChatCompletion reply = await Chat().CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Cancel);

        Assert.Equal("Hello there", reply.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, reply.FinishReason);
        Assert.Equal((12, 8), (reply.Usage.InputTokenCount, reply.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task A_stream_comes_piece_by_piece_and_ends_with_its_usage()
    {
        var text = new StringBuilder();
        ChatTokenUsage? usage = null;
        await foreach (var update in Chat().CompleteChatStreamingAsync([new UserChatMessage("Hi")], cancellationToken: Cancel))
        {
            text.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
        }

        Assert.Equal("Hello there", text.ToString());
        Assert.Equal((12, 8), (usage!.InputTokenCount, usage.OutputTokenCount));
    }

    [Fact]
    public async Task Tools_are_called_with_whole_and_with_streamed_arguments()
    {
        var options = new ChatCompletionOptions { Tools = { Weather } };
        ChatCompletion reply = await Chat().CompleteChatAsync([new UserChatMessage("a tool please")], options, Cancel);
        var arguments = new StringBuilder();
        await foreach (var update in Chat().CompleteChatStreamingAsync([new UserChatMessage("a tool please")], options, Cancel))
        {
            arguments.AppendJoin("", update.ToolCallUpdates.Select(call => call.FunctionArgumentsUpdate.ToString()));
        }

        Assert.Equal(ChatFinishReason.ToolCalls, reply.FinishReason);
        Assert.Equal("weather", reply.ToolCalls[0].FunctionName);
        Assert.Equal("""{"city":"Oslo"}""", reply.ToolCalls[0].FunctionArguments.ToString());
        Assert.Equal("""{"city":"Oslo"}""", arguments.ToString());
    }

    [Fact]
    public async Task Embeddings_and_models_are_read()
    {
        var embedding = await Client(_shop.Key).GetEmbeddingClient("text-embedding-3-small").GenerateEmbeddingAsync("text", cancellationToken: Cancel);
        var models = await Client(_shop.Key).GetOpenAIModelClient().GetModelsAsync(Cancel);

        Assert.Equal([1f, 2f], embedding.Value.ToFloats().ToArray());
        Assert.Equal(["gpt-4o", "text-embedding-3-small"], models.Value.Select(model => model.Id).Order());
    }

    [Theory]
    [InlineData("gpt-4o", "busy", 429)]
    [InlineData("gpt-4o", "wrong", 400)]
    [InlineData("nobody-serves-this", "Hi", 503)]
    public async Task Refusals_are_typed(string model, string prompt, int status)
    {
        var refusal = await Assert.ThrowsAsync<ClientResultException>(
            () => Client(_shop.Key).GetChatClient(model).CompleteChatAsync([new UserChatMessage(prompt)], cancellationToken: Cancel));

        Assert.Equal(status, refusal.Status);
        Assert.DoesNotContain(_upstream.Address, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_is_401_and_an_empty_purse_403()
    {
        var stranger = await Assert.ThrowsAsync<ClientResultException>(
            () => Client("sk-nobody").GetChatClient("gpt-4o").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Cancel));
        await _shop.UseKeyAsync(quota: 10);
        var poor = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat().CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Cancel));

        Assert.Equal(401, stranger.Status);
        Assert.Equal(403, poor.Status);
    }

    [Fact]
    public async Task A_reader_who_leaves_ends_the_upstream_and_pays_for_what_was_delivered()
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var updates = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Chat().CompleteChatStreamingAsync([new UserChatMessage("endless")], cancellationToken: leaving.Token))
            {
                if (++updates == 5)
                {
                    await leaving.CancelAsync();
                }
            }
        });

        await _upstream.Left.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        await _shop.UntilAppliedAsync(1);
        Assert.InRange(_shop.Read("SELECT quota FROM logs WHERE type = 2"), 1, 10_000);
        Assert.Contains("client_gone", _shop.ReadText("SELECT other FROM logs WHERE type = 2"), StringComparison.Ordinal);
        await _shop.AssertBooksAreRightAsync();
    }

    private ChatClient Chat() => Client(_shop.Key).GetChatClient("gpt-4o");

    private OpenAIClient Client(string key) => new(
        new ApiKeyCredential(key),
        new OpenAIClientOptions { Endpoint = new Uri(_shop.Caller.BaseAddress!, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
