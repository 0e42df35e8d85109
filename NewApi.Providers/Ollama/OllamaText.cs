using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Ollama;

/// <summary>Ollama's generated texts and embeddings, in the words of OpenAI's completions and embeddings.</summary>
internal static class OllamaText
{
    public static JsonObject Completion(JsonElement answer, ReplyContext context)
    {
        var completion = Chunk(context, answer.Word("response"u8) ?? "", ReasonOf(answer));
        completion["usage"] = UsageOf(OllamaReader.UsageOf(answer));
        return completion;
    }

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> Completions(
        IAsyncEnumerable<SseItem<JsonElement>> lines, ReplyContext context, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var line in lines.WithCancellation(cancel))
        {
            var json = line.Data;
            if (json.Word("error"u8) is { } error)
            {
                yield return Event(new UpstreamRefusal(500, "ollama_error", error).ToJson());
                yield break;
            }
            if (json.Find("done"u8) is not { ValueKind: JsonValueKind.True })
            {
                yield return Event(Chunk(context, json.Word("response"u8) ?? "", null));
                continue;
            }
            var last = Chunk(context, json.Word("response"u8) ?? "", ReasonOf(json));
            last["usage"] = UsageOf(OllamaReader.UsageOf(json));
            yield return Event(last);
            yield return "data: [DONE]\n\n"u8.ToArray();
            yield break;
        }
    }

    public static JsonObject Embeddings(JsonElement answer, string model)
    {
        var data = new JsonArray();
        foreach (var vector in answer.Items("embeddings"u8))
        {
            data.Add(new JsonObject { ["object"] = "embedding", ["index"] = data.Count, ["embedding"] = JsonNode.Parse(vector.GetRawText()) });
        }
        var tokens = OwnUsage.Count(answer, "prompt_eval_count"u8) ?? 0;
        return new JsonObject
        {
            ["object"] = "list",
            ["data"] = data,
            ["model"] = model,
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        };
    }

    private static string ReasonOf(JsonElement answer) => answer.Word("done_reason"u8) == "length" ? "length" : "stop";

    private static JsonObject Chunk(ReplyContext context, string text, string? reason) => new()
    {
        ["id"] = "cmpl-" + context.RequestId,
        ["object"] = "text_completion",
        ["created"] = context.Created,
        ["model"] = context.Model,
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["text"] = text, ["finish_reason"] = reason }),
    };

    private static JsonObject UsageOf(in Usage usage) => new()
    {
        ["prompt_tokens"] = usage.Input ?? 0,
        ["completion_tokens"] = usage.Output ?? 0,
        ["total_tokens"] = (usage.Input ?? 0) + (usage.Output ?? 0),
    };

    private static byte[] Event(JsonObject json) => Encoding.UTF8.GetBytes($"data: {json.ToJsonString()}\n\n");
}
