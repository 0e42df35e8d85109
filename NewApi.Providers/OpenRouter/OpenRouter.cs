using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.OpenRouter;

/// <summary>
/// OpenRouter (channel type 20): always asked for usage, told who calls; its <c>reasoning</c> is called <c>reasoning_content</c> for
/// callers, as everywhere else. An enterprise account wraps whole answers in <c>{"success":…,"data":…}</c>.
/// </summary>
internal static class OpenRouter
{
    public static ProviderProfile Profile { get; } = OpenAI.OpenAI.Reseller(20, "OpenRouter", "https://openrouter.ai/api") with
    {
        Headers = [new("HTTP-Referer", "https://newapi.local"), new("X-Title", "NewApi")],
        Traits = new UpstreamTraits { DefaultMaxTokens = 8192, OpenRouter = true },
        Rules =
        [
            BodyRule.Suffix("-thinking", Think),
            BodyRule.Chat(draft => draft.Set("usage", new JsonObject { ["include"] = true })),
        ],
        Adapter = new Adapter(),
    };

    private static void Think(RequestDraft draft)
    {
        var reasoning = draft.Node("reasoning") as JsonObject ?? [];
        reasoning["enabled"] = true;
        if (draft.Text("reasoning_effort") is { } effort)
        {
            reasoning["effort"] = effort;
            draft.Remove("reasoning_effort");
        }
        draft.Set("reasoning", reasoning);
    }

    private sealed class Adapter : ProviderAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            var response = await SendByRowsAsync(message, http, cancel);
            if (!response.IsSuccessStatusCode || message.Dialect != Dialect.OpenAIChat)
            {
                return response;
            }
            if (response.Content.Headers.ContentType?.MediaType is "text/event-stream")
            {
                var source = response.Content;
                return Answer.Events(response, RenameAsync(await source.ReadAsStreamAsync(cancel), cancel), source, cancel);
            }
            return await UnwrapAsync(response, message.Account.Flag("openrouter_enterprise"), cancel);
        }

        private static async Task<HttpResponseMessage> UnwrapAsync(HttpResponseMessage response, bool enterprise, CancellationToken cancel)
        {
            var json = await Answer.ReadAsync(response, cancel);
            if (JsonNode.Parse(json) is not JsonObject answer)
            {
                return response;
            }
            if (enterprise && answer["success"] is JsonValue success && answer["data"] is JsonObject data)
            {
                if (success.GetValueKind() == JsonValueKind.False)
                {
                    return Answer.Refusal(response, new UpstreamRefusal(500, "upstream_error", data["message"]?.ToString() ?? "The upstream refused."));
                }
                answer = (JsonObject)data.DeepClone();
            }
            foreach (var choice in (answer["choices"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                Rename(choice["message"] as JsonObject);
            }
            return Answer.Whole(response, answer);
        }

        /// <summary>Frames without the word pass as they came.</summary>
        private static async IAsyncEnumerable<ReadOnlyMemory<byte>> RenameAsync(Stream body, [EnumeratorCancellation] CancellationToken cancel)
        {
            using var frames = new SseFrameBuffer();
            var output = new ArrayBufferWriter<byte>();
            int read;
            do
            {
                read = await body.ReadAsync(frames.GetMemory(), cancel);
                frames.Advance(read);
                while (frames.TryReadFrame(out var frame))
                {
                    Write(frame.Span, output);
                }
                if (read == 0 && frames.TryReadRest(out var rest))
                {
                    Write(rest.Span, output);
                    output.Write("\n\n"u8);
                }
                if (output.WrittenCount > 0)
                {
                    yield return output.WrittenMemory;
                    output.ResetWrittenCount();
                }
            }
            while (read > 0);
        }

        private static void Write(ReadOnlySpan<byte> frame, ArrayBufferWriter<byte> output)
        {
            if (frame.IndexOf("\"reasoning\""u8) < 0 || !frame.StartsWith("data:"u8) || Parse(frame[5..]) is not { } chunk)
            {
                output.Write(frame);
                return;
            }
            foreach (var choice in (chunk["choices"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                Rename(choice["delta"] as JsonObject);
            }
            output.Write("data: "u8);
            using (var writer = new Utf8JsonWriter(output))
            {
                chunk.WriteTo(writer);
            }
            output.Write("\n\n"u8);
        }

        private static JsonObject? Parse(ReadOnlySpan<byte> json)
        {
            try
            {
                return JsonNode.Parse(json) as JsonObject;
            }
            catch (JsonException)
            {
                return null;
            }
        }

        private static void Rename(JsonObject? said)
        {
            if (said is not null && said["reasoning"] is { } thoughts && said["reasoning_content"] is null)
            {
                said.Remove("reasoning");
                said["reasoning_content"] = thoughts;
            }
        }
    }
}
