using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using Anthropic;
using Anthropic.Core;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using NewApi.EndToEnd.Tests.Money;
using OpenAI;
using OpenAI.Chat;
#pragma warning disable OPENAI001 // The client calls its Responses surface experimental; callers use it all the same.
using OpenAI.Responses;

namespace NewApi.EndToEnd.Tests.Clients;

/// <summary>A gateway in front of an upstream that speaks three dialects, one channel each.</summary>
public sealed class TranslatingGateway : IAsyncLifetime
{
    internal ClientUpstream Upstream { get; private set; } = null!;

    internal Shop Shop { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Upstream = await ClientUpstream.StartAsync();
        Shop = await Shop.OpenAsync();
        await Shop.AddChannelAsync(type: 1, Upstream.Address, TranslatedClientTests.Gpt);
        await Shop.AddChannelAsync(type: 14, Upstream.Address, TranslatedClientTests.Claude);
        await Shop.AddChannelAsync(type: 24, Upstream.Address, TranslatedClientTests.Gemini);
        await Shop.UseKeyAsync(quota: null);
    }

    public async ValueTask DisposeAsync()
    {
        await Shop.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}

/// <summary>
/// The official OpenAI and Anthropic clients, unmodified but for base URL and key, asking for models whose upstreams speak another dialect
/// than they do: each must take the answer for one of its own vendor's.
/// </summary>
public sealed class TranslatedClientTests(TranslatingGateway gateway) : IClassFixture<TranslatingGateway>
{
    internal const string Gpt = "gpt-4o";
    internal const string Claude = "claude-3-5-sonnet-20241022";
    internal const string Gemini = "gemini-2.0-flash";

    private const string Oslo = """{"city":"Oslo"}""";
    private const string Schema = """{"type":"object","properties":{"city":{"type":"string"}}}""";
    private static readonly byte[] Picture = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Claude)]
    [InlineData(Gemini)]
    public async Task OpenAIs_client_reads_a_chat(string model)
    {
        ChatCompletion reply = await Chat(model).CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Cancel);

        Assert.Equal("Hello there", reply.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, reply.FinishReason);
        Assert.Equal((12, 8), (reply.Usage.InputTokenCount, reply.Usage.OutputTokenCount));
    }

    [Theory]
    [InlineData(Claude)]
    [InlineData(Gemini)]
    public async Task OpenAIs_client_reads_a_stream_and_its_usage(string model)
    {
        var text = new StringBuilder();
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;
        await foreach (var update in Chat(model).CompleteChatStreamingAsync([new UserChatMessage("Hi")], cancellationToken: Cancel))
        {
            text.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal("Hello there", text.ToString());
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.Equal((12, 8), (usage!.InputTokenCount, usage.OutputTokenCount));
    }

    [Theory]
    [InlineData(Claude)]
    [InlineData(Gemini)]
    public async Task OpenAIs_client_calls_a_tool_and_answers_it(string model)
    {
        var options = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("weather", "Tells the weather", BinaryData.FromString(Schema)) } };
        ChatCompletion reply = await Chat(model).CompleteChatAsync([new UserChatMessage("a tool please")], options, Cancel);
        var streamed = new StringBuilder();
        ChatFinishReason? finish = null;
        await foreach (var update in Chat(model).CompleteChatStreamingAsync([new UserChatMessage("a tool please")], options, Cancel))
        {
            streamed.AppendJoin("", update.ToolCallUpdates.Select(call => call.FunctionArgumentsUpdate.ToString()));
            finish = update.FinishReason ?? finish;
        }
        ChatCompletion last = await Chat(model).CompleteChatAsync(
            [new UserChatMessage("What is it like?"), new AssistantChatMessage(reply), new ToolChatMessage(reply.ToolCalls[0].Id, "minus four and snow")],
            options,
            Cancel);

        Assert.Equal(ChatFinishReason.ToolCalls, reply.FinishReason);
        Assert.Equal(("weather", Oslo), (reply.ToolCalls[0].FunctionName, reply.ToolCalls[0].FunctionArguments.ToString()));
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        Assert.Equal(Oslo, streamed.ToString());
        Assert.Equal("Hello there", last.Content[0].Text);
        Assert.Contains("minus four and snow", gateway.Upstream.LastBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Claude)]
    [InlineData(Gemini)]
    public async Task OpenAIs_client_shows_a_picture(string model)
    {
        ChatCompletion reply = await Chat(model).CompleteChatAsync(
            [new UserChatMessage(ChatMessageContentPart.CreateTextPart("a picture"), ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(Picture), "image/png"))],
            cancellationToken: Cancel);

        Assert.Equal("Hello there", reply.Content[0].Text);
        Assert.Contains(Convert.ToBase64String(Picture), gateway.Upstream.LastBody.Replace("\\u002B", "+", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Claude)]
    [InlineData(Gemini)]
    public async Task OpenAIs_client_reads_responses(string model)
    {
        var client = OpenAI().GetResponsesClient();
        ResponseResult reply = await client.CreateResponseAsync(new CreateResponseOptions(model, [ResponseItem.CreateUserMessageItem("Hi")]) { StoredOutputEnabled = false }, Cancel);
        var text = new StringBuilder();
        await foreach (var update in await client.CreateResponseStreamingAsync(
            new CreateResponseOptions(model, [ResponseItem.CreateUserMessageItem("Hi")]) { StoredOutputEnabled = false, StreamingEnabled = true }, Cancel))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta)
            {
                text.Append(delta.Delta);
            }
        }

        Assert.Equal("Hello there", reply.GetOutputText());
        Assert.Equal((12, 8), (reply.Usage.InputTokenCount, reply.Usage.OutputTokenCount));
        Assert.Equal("Hello there", text.ToString());
    }

    [Theory]
    [InlineData(Claude)]
    [InlineData(Gemini)]
    public async Task OpenAIs_client_gets_refusals_of_its_own_kind(string model)
    {
        var refusal = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat(model).CompleteChatAsync([new UserChatMessage("busy")], cancellationToken: Cancel));

        Assert.Equal(429, refusal.Status);
    }

    [Theory]
    [InlineData(Gpt)]
    [InlineData(Gemini)]
    public async Task Anthropics_client_reads_a_message(string model)
    {
        using var client = Anthropic();
        var reply = await client.Messages.Create(Ask(model, "Hi"), Cancel);

        Assert.True(reply.Content[0].TryPickText(out var text));
        Assert.Equal("Hello there", text.Text);
        Assert.Equal(StopReason.EndTurn, reply.StopReason!.Value());
        Assert.Equal((12L, 8L), (reply.Usage.InputTokens, reply.Usage.OutputTokens));
    }

    [Theory]
    [InlineData(Gpt)]
    [InlineData(Gemini)]
    public async Task Anthropics_client_reads_a_stream_and_its_usage(string model)
    {
        using var client = Anthropic();
        var text = new StringBuilder();
        var output = 0L;
        await foreach (var update in client.Messages.CreateStreaming(Ask(model, "Hi"), Cancel))
        {
            if (update.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var part))
            {
                text.Append(part.Text);
            }
            if (update.TryPickDelta(out var end))
            {
                output = end.Usage.OutputTokens;
            }
        }

        Assert.Equal("Hello there", text.ToString());
        Assert.Equal(8, output);
    }

    [Theory]
    [InlineData(Gpt)]
    [InlineData(Gemini)]
    public async Task Anthropics_client_calls_a_tool(string model)
    {
        using var client = Anthropic();
        var ask = Ask(model, "a tool please") with
        {
            Tools = [new Tool { Name = "weather", InputSchema = new InputSchema { Properties = new Dictionary<string, System.Text.Json.JsonElement>() } }],
        };
        var reply = await client.Messages.Create(ask, Cancel);
        var streamed = new StringBuilder();
        await foreach (var update in client.Messages.CreateStreaming(ask, Cancel))
        {
            if (update.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickInputJson(out var part))
            {
                streamed.Append(part.PartialJson);
            }
        }

        Assert.Equal(StopReason.ToolUse, reply.StopReason!.Value());
        Assert.True(reply.Content[0].TryPickToolUse(out var call));
        Assert.Equal(("weather", "Oslo"), (call.Name, call.Input["city"].GetString()));
        Assert.Equal(Oslo, streamed.ToString());
    }

    [Theory]
    [InlineData(Gpt)]
    [InlineData(Gemini)]
    public async Task Anthropics_client_shows_a_picture(string model)
    {
        using var client = Anthropic();
        var picture = Convert.ToBase64String(Picture);
        var ask = Ask(model, "") with
        {
            Messages =
            [
                new UserMessageParam(new List<ContentBlockParam>
                {
                    new TextBlockParam("a picture"),
                    new ImageBlockParam(new Base64ImageSource { MediaType = MediaType.ImagePng, Data = picture }),
                }),
            ],
        };
        var reply = await client.Messages.Create(ask, Cancel);

        Assert.True(reply.Content[0].TryPickText(out var text));
        Assert.Equal("Hello there", text.Text);
        Assert.Contains(picture, gateway.Upstream.LastBody.Replace("\\u002B", "+", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Gpt)]
    [InlineData(Gemini)]
    public async Task Anthropics_client_gets_refusals_of_its_own_kind(string model)
    {
        using var client = Anthropic();
        await Assert.ThrowsAsync<AnthropicRateLimitException>(() => client.Messages.Create(Ask(model, "busy"), Cancel));
    }

    private static MessageCreateParams Ask(string model, string text) => new()
    {
        MaxTokens = 100,
        Model = model,
        Messages = [new UserMessageParam(text)],
    };

    private ChatClient Chat(string model) => OpenAI().GetChatClient(model);

    private OpenAIClient OpenAI() => new(
        new ApiKeyCredential(gateway.Shop.Key),
        new OpenAIClientOptions { Endpoint = new Uri(gateway.Shop.Caller.BaseAddress!, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    private AnthropicClient Anthropic() => new(new ClientOptions
    {
        BaseUrl = gateway.Shop.Caller.BaseAddress!.ToString().TrimEnd('/'),
        ApiKey = gateway.Shop.Key,
        MaxRetries = 0,
    });
}
