using System.Text.Json.Nodes;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Bedrock;

/// <summary>Anthropic messages as Bedrock takes them: the model in the address, a version in the body, a signature over all of it.</summary>
internal sealed class BedrockAdapter : ProviderAdapter
{
    private const string AnthropicVersion = "bedrock-2023-05-31";

    public override bool NeedsAddress => false;

    public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(message);
        using var request = Write(message);
        var response = await http.SendAsync(request, cancel);
        if (!message.Stream || !response.IsSuccessStatusCode)
        {
            return response;
        }
        var source = response.Content;
        return Answer.Events(response, EventStreamFrames.ToEvents(await source.ReadAsStreamAsync(cancel), cancel), source, cancel);
    }

    private static HttpRequestMessage Write(UpstreamMessage message)
    {
        var parts = message.Key.Split('|');
        var byKey = message.Account.Setting("aws_key_type") == "api_key" || parts.Length == 2;
        if (parts.Length != (byKey ? 2 : 3) || parts.Any(string.IsNullOrEmpty))
        {
            throw new ProviderException("channel:invalid_key", "The channel's key must be accessKey|secretKey|region, or apiKey|region.");
        }
        var region = parts[^1];
        var id = Uri.EscapeDataString(BedrockModels.IdOf(message.Model, region));
        var host = message.Account.BaseUrl.Length > 0 ? message.Account.BaseUrl : $"https://bedrock-runtime.{region}.amazonaws.com";
        var address = new Uri($"{host}/model/{id}/{(message.Stream ? "invoke-with-response-stream" : "invoke")}");
        var body = Body(message);
        var request = UpstreamRequests.Post(address, Answer.Content(body));
        if (byKey)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + parts[0]);
            return UpstreamRequests.Finish(request, message);
        }
        var time = ScopedSignature.Compact(message.Clock.GetUtcNow());
        var headers = new Dictionary<string, string>
        {
            ["content-type"] = "application/json",
            ["host"] = address.Authority,
            ["x-amz-date"] = time,
        };
        request.Headers.TryAddWithoutValidation("X-Amz-Date", time);
        // The path is signed as it is sent, escaped once more.
        var signed = string.Join('/', address.AbsolutePath.Split('/').Select(Uri.EscapeDataString));
        request.Headers.TryAddWithoutValidation("Authorization", ScopedSignature.Aws.Authorize(
            parts[0], parts[1], time[..8], time, [region, "bedrock"], signed, "", headers, body));
        return UpstreamRequests.Finish(request, message);
    }

    private static byte[] Body(UpstreamMessage message)
    {
        var draft = new RequestDraft(message.Account, message.Dialect, message.Model, message.Body);
        draft.Remove("model");
        draft.Remove("stream");
        draft.Set("anthropic_version", AnthropicVersion);
        if (message.ClientHeader("anthropic-beta") is { } beta && !draft.Has("anthropic_beta"))
        {
            draft.Set("anthropic_beta", new JsonArray([.. beta.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(name => (JsonNode)name)]));
        }
        return draft.ToBytes();
    }
}
