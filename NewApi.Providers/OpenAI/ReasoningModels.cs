using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.OpenAI;

namespace NewApi.Providers.OpenAI;

/// <summary>What OpenAI's reasoning models refuse in a chat, and say differently (specification: relay §4.3).</summary>
internal static class ReasoningModels
{
    private static readonly string[] Efforts = ["-xhigh", "-high", "-medium", "-low", "-minimal", "-none"];

    public static IReadOnlyList<BodyRule> Rules { get; } =
    [
        .. Efforts.Select(suffix => BodyRule.Suffix(suffix, draft => draft.Set("reasoning_effort", suffix[1..]), OpenAIModels.Reasons)),
        .. Efforts.Select(suffix => BodyRule.Suffix(suffix, draft => SetEffort(draft, suffix[1..])) with { Dialects = [Dialect.OpenAIResponses] }),
        BodyRule.Chat(Adjust) with { Models = OpenAIModels.Reasons },
    ];

    private static void SetEffort(RequestDraft draft, string effort)
    {
        var reasoning = draft.Node("reasoning") as JsonObject ?? [];
        reasoning["effort"] = effort;
        draft.Set("reasoning", reasoning);
    }

    private static void Adjust(RequestDraft draft)
    {
        if (draft.Raw("max_completion_tokens").IsEmpty)
        {
            draft.Move("max_tokens", "max_completion_tokens");
        }
        draft.Remove("temperature");
        draft.Remove("top_p");
        draft.Remove("logprobs");
        if (!draft.Model.StartsWith("o1-mini", StringComparison.Ordinal) && !draft.Model.StartsWith("o1-preview", StringComparison.Ordinal))
        {
            NameDeveloper(draft);
        }
    }

    /// <summary>The first message's role <c>system</c> becomes <c>developer</c>; nothing else of a long conversation is looked at.</summary>
    private static void NameDeveloper(RequestDraft draft)
    {
        var messages = draft.Raw("messages");
        var reader = new Utf8JsonReader(messages.Span, new JsonReaderOptions { MaxDepth = 256 });
        if (messages.IsEmpty || !reader.Read() || reader.TokenType != JsonTokenType.StartArray
            || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            if (!isRole)
            {
                reader.Skip();
                continue;
            }
            if (reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("system"u8))
            {
                var span = messages.Span;
                draft.SetRaw("messages", (byte[])[.. span[..(int)reader.TokenStartIndex], .. "\"developer\""u8, .. span[(int)reader.BytesConsumed..]]);
            }
            return;
        }
    }
}
