using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols;

/// <summary>Puts a channel's own instructions into a body, in whatever place its dialect has for them (specification: relay §3.9).</summary>
public static class SystemPrompts
{
    /// <summary>Adds the prompt where the caller gave none; where there is one it is put in front when that is wanted, never in its place.</summary>
    /// <param name="body">The outgoing body; changed.</param>
    /// <param name="dialect">Its dialect.</param>
    /// <param name="prompt">The channel's prompt.</param>
    /// <param name="prepend">Put it before the caller's own.</param>
    /// <param name="model">The upstream's name of the model.</param>
    /// <returns>True when the body was changed.</returns>
    public static bool Inject(JsonObject body, Dialect dialect, string prompt, bool prepend, string model)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(model);
        return dialect switch
        {
            Dialect.OpenAIChat => IntoMessages(body, prompt, prepend, model),
            Dialect.AnthropicMessages => IntoMember(body, "system", prompt, prepend),
            Dialect.OpenAIResponses => IntoMember(body, "instructions", prompt, prepend),
            Dialect.GeminiContent => IntoGemini(body, prompt, prepend),
            _ => false,
        };
    }

    private static bool IntoMessages(JsonObject body, string prompt, bool prepend, string model)
    {
        if (body["messages"] is not JsonArray messages)
        {
            return false;
        }

        var system = messages.OfType<JsonObject>().FirstOrDefault(message => RoleOf(message) is "system" or "developer");
        if (system is null)
        {
            messages.Insert(0, new JsonObject { ["role"] = KnowsDeveloper(model) ? "developer" : "system", ["content"] = prompt });
            return true;
        }

        return prepend && IntoMember(system, "content", prompt, prepend: true);
    }

    private static bool IntoMember(JsonObject owner, string member, string prompt, bool prepend)
    {
        switch (owner[member])
        {
            case JsonArray { Count: > 0 } parts when prepend:
                parts.Insert(0, new JsonObject { ["type"] = "text", ["text"] = prompt });
                return true;
            case JsonValue value when value.TryGetValue<string>(out var text) && text.Length > 0:
                if (prepend)
                {
                    owner[member] = prompt + "\n" + text;
                }

                return prepend;
            case JsonArray { Count: > 0 }:
                return false;
            default:
                owner[member] = prompt;
                return true;
        }
    }

    private static bool IntoGemini(JsonObject body, string prompt, bool prepend)
    {
        var name = body.ContainsKey("system_instruction") ? "system_instruction" : "systemInstruction";
        if (body[name] is JsonObject { } instruction && instruction["parts"] is JsonArray { Count: > 0 } parts)
        {
            if (prepend)
            {
                parts.Insert(0, new JsonObject { ["text"] = prompt });
            }

            return prepend;
        }

        body[name] = new JsonObject { ["parts"] = new JsonArray(new JsonObject { ["text"] = prompt }) };
        return true;
    }

    private static string? RoleOf(JsonObject message) => message["role"] is JsonValue role && role.TryGetValue<string>(out var text) ? text : null;

    /// <summary>Reasoning models of OpenAI take instructions from the developer; the first two of them knew neither role.</summary>
    internal static bool KnowsDeveloper(string model) =>
        OpenAIModels.Reasons(model)
        && !model.StartsWith("o1-mini", StringComparison.Ordinal) && !model.StartsWith("o1-preview", StringComparison.Ordinal);
}
