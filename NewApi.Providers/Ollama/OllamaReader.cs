using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Ollama;

/// <summary>
/// Reads lines such as <c>{"message":{"role":"assistant","content":"Hi"},"done":false}</c>; the last has <c>done</c> and the counts.
/// </summary>
internal sealed class OllamaReader : OwnReplyReader
{
    private int _calls;

    public override bool EndsAtFinish => true;

    public override void Read(string name, JsonElement json, ReplySink sink)
    {
        if (json.Word("error"u8) is { } error)
        {
            throw new UpstreamRefusal(500, "ollama_error", error);
        }
        Start(sink, null, json.Word("model"u8));
        if (json.Find("message"u8) is { } said)
        {
            Think(sink, said.Word("thinking"u8));
            Say(sink, said.Word("content"u8));
            foreach (var call in said.Items("tool_calls"u8))
            {
                if (call.Find("function"u8) is { } function && function.Word("name"u8) is { } tool)
                {
                    var id = call.Word("id"u8) ?? $"call_{tool}_{_calls}";
                    Call(sink, _calls++, id, tool, function.Find("arguments"u8)?.GetRawText() ?? "{}");
                }
            }
        }
        if (json.Find("done"u8) is { ValueKind: JsonValueKind.True })
        {
            Usage = UsageOf(json);
            Finish(sink, _calls > 0 ? FinishReason.ToolCalls : json.Word("done_reason"u8) == "length" ? FinishReason.Length : FinishReason.Stop);
        }
    }

    public static Usage UsageOf(JsonElement json) => OwnUsage.Of(json, "prompt_eval_count"u8, "eval_count"u8);
}
