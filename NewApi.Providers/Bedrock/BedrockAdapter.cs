using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Providers.Anthropic;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Bedrock;

/// <summary>Anthropic messages as Bedrock takes them: the model in the address, a version in the body, a signature over all of it.</summary>
internal sealed class BedrockAdapter : ProviderAdapter
{
    private const string AnthropicVersion = "bedrock-2023-05-31";

    /// <summary>
    /// By AWS' user guide for Bedrock, "Anthropic Claude Messages API": the table of beta headers on "Request and Response", and the pages "Tool
    /// use" and "Compaction". Opus 4.7 and later answer "invalid beta flag" to what they do by themselves, thinking between calls for example.
    /// </summary>
    private static readonly BetaFlags Flags = new(
        ("computer-use-2024-10-22", _ => true),
        ("computer-use-2025-01-24", _ => true),
        ("computer-use-2025-11-24", _ => true),
        ("output-128k-2025-02-19", model => BetaFlags.Within(model, (3, 7), (3, 7))),
        ("token-efficient-tools-2025-02-19", model => BetaFlags.Within(model, (3, 7), (4, 6))),
        ("interleaved-thinking-2025-05-14", model => BetaFlags.Within(model, (4, 0), (4, 6))),
        ("dev-full-thinking-2025-05-14", model => BetaFlags.Within(model, (4, 0), (4, 6))),
        ("fine-grained-tool-streaming-2025-05-14", model => BetaFlags.Within(model, (4, 0), (4, 6))),
        ("context-1m-2025-08-07", model => model.Family != "haiku" && BetaFlags.Within(model, (4, 0), (4, 6))),
        (BetaFlags.ContextManagement, model => model.Family is "sonnet" or "haiku" && BetaFlags.Within(model, (4, 5), (4, 5))),
        (BetaFlags.Effort, model => model.Family == "opus" && BetaFlags.Within(model, (4, 5), (4, 5))),
        (BetaFlags.ToolSearch, model => model.Family == "opus" && BetaFlags.Within(model, (4, 5), (4, 5))),
        (BetaFlags.ToolExamples, model => model.Family == "opus" && BetaFlags.Within(model, (4, 5), (4, 5))),
        (BetaFlags.Compaction, model => BetaFlags.Within(model, (4, 6), (4, 6))));

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
        UpstreamRequests.AddModelHeaders(request.Headers, message);
        // The body bears them.
        request.Headers.Remove(BetaFlags.Header);
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
        var flags = Flags.Take(message, draft);
        if (flags.Count > 0)
        {
            draft.Set(BetaFlags.Member, new JsonArray([.. flags.Select(flag => (JsonNode)flag)]));
        }
        if (!flags.Contains(BetaFlags.ToolSearch))
        {
            LoadAll(draft);
        }
        return draft.ToBytes();
    }

    /// <summary>Tools that would be searched for are all there from the start: without the flag, both the mark and the search are refused.</summary>
    private static void LoadAll(RequestDraft draft)
    {
        var raw = draft.Raw("tools").Span;
        if ((raw.IndexOf("defer_loading"u8) < 0 && raw.IndexOf("tool_search_tool_"u8) < 0) || draft.Node("tools") is not JsonArray tools)
        {
            return;
        }
        for (var at = tools.Count - 1; at >= 0; at--)
        {
            if (tools[at] is not JsonObject tool)
            {
                continue;
            }
            tool.Remove("defer_loading");
            if (tool["type"] is JsonValue type && type.GetValueKind() == JsonValueKind.String
                && type.GetValue<string>().StartsWith("tool_search_tool_", StringComparison.Ordinal))
            {
                tools.RemoveAt(at);
            }
        }
        draft.Set("tools", tools);
    }
}
