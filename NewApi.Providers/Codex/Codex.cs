using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Codex;

/// <summary>
/// The Codex backend of a ChatGPT account (channel type 57). The key is JSON with <c>access_token</c> and <c>account_id</c>. It always
/// streams: callers who do not get the answer folded from it.
/// </summary>
internal static class Codex
{
    private static readonly Dialect[] Both = [Dialect.OpenAIResponses, Dialect.OpenAIResponsesCompact];

    public static ProviderProfile Profile { get; } = new(57, "Codex", "https://chatgpt.com")
    {
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIResponses, "/backend-api/codex/responses"),
            (Dialect.OpenAIResponsesCompact, "/backend-api/codex/responses/compact"),
            (Dialect.OpenAISearch, "/backend-api/codex/alpha/search")),
        StreamOptions = true,
        AddHeaders = AddHeaders,
        Rules =
        [
            BodyRule.Drop("max_output_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty") with { Dialects = Both },
            new BodyRule(draft =>
            {
                if (draft.Text("instructions") is null)
                {
                    draft.Set("instructions", "");
                }
            }) { Dialects = Both },
            BodyRule.Set("store", "false") with { Dialects = [Dialect.OpenAIResponses] },
            BodyRule.Set("stream", "true") with { Dialects = [Dialect.OpenAIResponses] },
        ],
        Adapter = new Adapter(),
    };

    private static void AddHeaders(UpstreamMessage message, HttpRequestHeaders headers)
    {
        string? token = null, account = null;
        try
        {
            var key = JsonElement.Parse(message.Key);
            (token, account) = (key.Word("access_token"u8), key.Word("account_id"u8));
        }
        catch (JsonException)
        {
            // The refusal below says what it must be, and nothing of what it is.
        }
        if (token is null || account is null)
        {
            throw new ProviderException("channel:invalid_key", "The channel's key must be JSON with access_token and account_id.");
        }
        headers.Remove("Authorization");
        headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        headers.TryAddWithoutValidation("chatgpt-account-id", account);
        headers.TryAddWithoutValidation("OpenAI-Beta", message.ClientHeader("OpenAI-Beta") ?? "responses=experimental");
        headers.TryAddWithoutValidation("originator", message.ClientHeader("originator") ?? "codex_cli_rs");
    }

    private sealed class Adapter : ProviderAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            var response = await SendByRowsAsync(message, http, cancel);
            if (message.Stream || message.Dialect != Dialect.OpenAIResponses || !response.IsSuccessStatusCode
                || response.Content.Headers.ContentType?.MediaType is "application/json")
            {
                return response;
            }
            return await FoldAsync(response, cancel);
        }

        /// <summary>The last event has the answer; where it leaves the output out, the events before had it item by item.</summary>
        private static async Task<HttpResponseMessage> FoldAsync(HttpResponseMessage response, CancellationToken cancel)
        {
            var items = new JsonArray();
            await foreach (var piece in Answer.EventsOf(await response.Content.ReadAsStreamAsync(cancel), cancel))
            {
                switch (piece.Data.Word("type"u8))
                {
                    case "response.output_item.done" when piece.Data.Find("item"u8) is { } item:
                        items.Add(JsonNode.Parse(item.GetRawText()));
                        break;
                    case "response.completed" or "response.incomplete" or "response.failed" when piece.Data.Find("response"u8) is { } last:
                        var answer = JsonObject.Create(last)!;
                        if (answer["output"] is not JsonArray { Count: > 0 })
                        {
                            answer["output"] = items;
                        }
                        return Answer.Whole(response, answer);
                    case "error":
                        return Answer.Refusal(response, new UpstreamRefusal(
                            500, piece.Data.Word("code"u8) ?? "upstream_error", piece.Data.Word("message"u8) ?? "The upstream refused."));
                }
            }
            return Answer.Refusal(response, new UpstreamRefusal(502, "empty_response", "The upstream broke the answer off."));
        }
    }
}
