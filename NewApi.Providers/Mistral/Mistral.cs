using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Providers.Mistral;

/// <summary>Mistral (channel type 42): ids of tool calls have nine letters and digits, and an image's address is a plain text.</summary>
internal static class Mistral
{
    private const int IdLength = 9;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static ProviderProfile Profile { get; } = new(42, "Mistral", "https://api.mistral.ai")
    {
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/v1/chat/completions"),
            (Dialect.OpenAIEmbeddings, "/v1/embeddings"),
            (Dialect.OpenAIModerations, "/v1/moderations"),
            (Dialect.OpenAITranscriptions, "/v1/audio/transcriptions")),
        Rules =
        [
            BodyRule.Move("max_completion_tokens", "max_tokens"),
            BodyRule.Move("seed", "random_seed"),
            BodyRule.Chat(Adjust),
        ],
    };

    /// <summary>Nine letters and digits, the same for the same id: a call and its result must go on naming each other.</summary>
    public static string ShortId(string id)
    {
        if (id.Length == IdLength && id.All(char.IsAsciiLetterOrDigit))
        {
            return id;
        }
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(id));
        return string.Create(IdLength, hash, static (text, hash) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = Alphabet[hash[i] % Alphabet.Length];
            }
        });
    }

    private static void Adjust(RequestDraft draft)
    {
        var raw = draft.Raw("messages").Span;
        if (raw.IndexOf("\"image_url\""u8) < 0 && raw.IndexOf("\"tool_call"u8) < 0)
        {
            return;
        }
        if (draft.Node("messages") is not JsonArray messages)
        {
            return;
        }
        foreach (var message in messages.OfType<JsonObject>())
        {
            Shorten(message, "tool_call_id");
            foreach (var call in (message["tool_calls"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                Shorten(call, "id");
            }
            foreach (var part in (message["content"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                if (part["image_url"] is JsonObject image && image["url"] is { } url)
                {
                    part["image_url"] = url.DeepClone();
                }
            }
        }
        draft.Set("messages", messages);
    }

    private static void Shorten(JsonObject holder, string name)
    {
        if (holder[name] is JsonValue value && value.TryGetValue<string>(out var id))
        {
            holder[name] = ShortId(id);
        }
    }
}
