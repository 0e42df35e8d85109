using System.Text;
using NewApi.Protocols.Canonical;

namespace NewApi.Providers.Answers;

/// <summary>Chats as texts, for providers whose own format knows nothing else.</summary>
internal static class ChatText
{
    public static string Of(ChatMessage message) => Of(message.Parts);

    public static string Of(IEnumerable<ChatPart> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part switch
            {
                TextPart plain => plain.Text,
                RefusalPart refusal => refusal.Text,
                ToolResultPart result => Of(result.Content),
                _ => "",
            });
        }
        return text.ToString();
    }

    /// <summary>Role and text of every message that has text, system messages first or left in place as the provider wants them.</summary>
    public static List<(string Role, string Text)> Lines(ChatRequest request) =>
        [.. request.Messages.Select(message => (RoleOf(message.Role), Of(message))).Where(line => line.Item2.Length > 0)];

    /// <summary>
    /// Turns of user and assistant that take turns, with the system's text apart: neighbours of one role are joined, and the first is the user's.
    /// </summary>
    public static (string System, List<(string Role, string Text)> Turns) Turns(ChatRequest request)
    {
        var system = new StringBuilder();
        var turns = new List<(string Role, string Text)>();
        foreach (var (role, text) in Lines(request))
        {
            if (role == "system")
            {
                system.Append(system.Length > 0 ? "\n" : "").Append(text);
            }
            else if (turns.Count > 0 && turns[^1].Role == role)
            {
                turns[^1] = (role, turns[^1].Text + "\n" + text);
            }
            else
            {
                turns.Add((role, text));
            }
        }
        if (turns.Count > 0 && turns[0].Role == "assistant")
        {
            turns.Insert(0, ("user", "..."));
        }
        return (system.ToString(), turns);
    }

    /// <summary>A request that texts cannot carry is refused, so that another channel can serve it.</summary>
    /// <exception cref="TranslationException">It offers tools or shows media.</exception>
    public static void DemandTextOnly(ChatRequest request)
    {
        if (request.Tools.Count > 0)
        {
            throw new TranslationException("The provider's chat knows no tools.");
        }
        if (request.Messages.SelectMany(message => message.Parts).Any(part => part is ImagePart or AudioPart or VideoPart or FilePart))
        {
            throw new TranslationException("The provider's chat knows text only.");
        }
    }

    private static string RoleOf(ChatRole role) => role switch
    {
        ChatRole.System or ChatRole.Developer => "system",
        ChatRole.Assistant => "assistant",
        _ => "user",
    };
}
