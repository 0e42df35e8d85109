using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

internal sealed record MessageTurn(bool IsAssistant, List<ChatPart> Parts);

/// <summary>
/// Orders messages as Anthropic wants them: turns of user and assistant by turns, the user first, results of tools in front, nothing empty
/// (specification: relay §5.2).
/// </summary>
internal static class MessageTurns
{
    private const string Nothing = "...";

    public static List<MessageTurn> Of(List<ChatMessage> messages)
    {
        var turns = new List<MessageTurn>();
        foreach (var message in messages)
        {
            if (message.Role is ChatRole.System or ChatRole.Developer)
            {
                continue;
            }

            var assistant = message.Role == ChatRole.Assistant;
            var parts = message.Parts.Where(part => Takes(part, assistant)).ToList();
            if (turns.Count > 0 && turns[^1].IsAssistant == assistant)
            {
                Append(turns[^1].Parts, parts);
            }
            else
            {
                turns.Add(new MessageTurn(assistant, parts));
            }
        }

        if (turns.Count == 0 || turns[0].IsAssistant)
        {
            turns.Insert(0, new MessageTurn(false, []));
        }

        foreach (var turn in turns)
        {
            Settle(turn.Parts);
        }

        TrimLast(turns[^1]);
        return turns;
    }

    private static bool Takes(ChatPart part, bool assistant) => part switch
    {
        ForeignPart => false,
        ReasoningPart thought => assistant && (IsOwn(thought.Signature) || IsOwn(thought.Encrypted)),
        ToolCallPart => assistant,
        ToolResultPart => !assistant,
        ImagePart or FilePart => !assistant,
        _ => true,
    };

    private static bool IsOwn(string? proof) => ThoughtMark.Own(Dialect.AnthropicMessages, proof) is { Length: > 0 };

    /// <summary>Texts of two messages become one, a space between them; anything else stays a block of its own.</summary>
    private static void Append(List<ChatPart> turn, List<ChatPart> parts)
    {
        if (turn.Count > 0 && parts.Count > 0 && turn[^1] is TextPart { Cache: null } before && parts[0] is TextPart after
            && before.Text.Length > 0 && after.Text.Length > 0)
        {
            turn[^1] = after with { Text = before.Text + " " + after.Text };
            turn.AddRange(parts.Skip(1));
            return;
        }

        turn.AddRange(parts);
    }

    private static void Settle(List<ChatPart> parts)
    {
        parts.RemoveAll(part => part is TextPart text && string.IsNullOrWhiteSpace(text.Text) || part is RefusalPart { Text.Length: 0 });
        if (parts.Count == 0)
        {
            parts.Add(new TextPart(Nothing));
        }

        if (parts.Exists(part => part is ToolResultPart))
        {
            var sorted = parts.OrderBy(part => part is ToolResultPart ? 0 : 1).ToList();
            parts.Clear();
            parts.AddRange(sorted);
        }
    }

    /// <summary>An answer that the caller began must not end in a space.</summary>
    private static void TrimLast(MessageTurn turn)
    {
        if (turn is { IsAssistant: true, Parts: [.., TextPart text] })
        {
            turn.Parts[^1] = text with { Text = text.Text.TrimEnd() };
        }
    }
}
