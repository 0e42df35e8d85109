using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>A whole answer.</summary>
public sealed class ChatReply
{
    public ReplyHead Head { get; set; }

    public List<ReplyChoice> Choices { get; } = [];

    public Usage Usage { get; set; }
}

public sealed class ReplyChoice
{
    /// <summary>Text, reasoning, tool calls, images, in the order the model made them.</summary>
    public List<ChatPart> Parts { get; } = [];

    public FinishReason Finish { get; set; } = FinishReason.Stop;

    /// <summary>Probabilities of the tokens of the text, an array as OpenAI writes it; null for none.</summary>
    public JsonElement? LogProbs { get; set; }
}
