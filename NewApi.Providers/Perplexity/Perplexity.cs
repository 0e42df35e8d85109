using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Providers.Perplexity;

/// <summary>Perplexity (channel type 27): chats whose messages have nothing but role and content.</summary>
internal static class Perplexity
{
    public static ProviderProfile Profile { get; } = new(27, "Perplexity", "https://api.perplexity.ai")
    {
        ModelsPath = "/models",
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/chat/completions")),
        Rules =
        [
            BodyRule.Move("max_completion_tokens", "max_tokens"),
            BodyRule.Clamp("top_p", 0, 0.99m),
            BodyRule.Chat(KeepRoleAndContent),
        ],
    };

    private static void KeepRoleAndContent(RequestDraft draft)
    {
        if (draft.Node("messages") is not JsonArray messages)
        {
            return;
        }
        var changed = false;
        foreach (var message in messages.OfType<JsonObject>())
        {
            foreach (var name in message.Select(member => member.Key).Where(name => name is not ("role" or "content")).ToList())
            {
                changed |= message.Remove(name);
            }
        }
        if (changed)
        {
            draft.Set("messages", messages);
        }
    }
}
