using System.Text;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>A whole answer.</summary>
public sealed class ChatReply
{
    public ReplyHead Head { get; set; }

    public List<ReplyChoice> Choices { get; } = [];

    public Usage Usage { get; set; }

    /// <summary>See <see cref="ChatReplyReader.Fault"/>.</summary>
    public RelayFault? Fault { get; set; }

    /// <summary>Tells the answer piece by piece, as if it had been streamed.</summary>
    public void Replay(ReplySink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        sink.Start(Head);
        for (var index = 0; index < Choices.Count; index++)
        {
            var call = 0;
            foreach (var part in Choices[index].Parts)
            {
                Replay(sink, index, part, ref call);
            }

            if (Choices[index].LogProbs is { } logProbs)
            {
                sink.LogProbs(index, Utf8(logProbs.GetRawText()));
            }

            sink.Finish(index, Choices[index].Finish);
        }

        sink.Usage(Usage);
    }

    /// <summary>The same with its thoughts in its text, between tags.</summary>
    public ChatReply WithThoughtsAsText()
    {
        var collector = new ReplyCollector();
        Replay(new ThoughtsAsText(collector));
        return collector.Reply;
    }

    private static void Replay(ReplySink sink, int choice, ChatPart part, ref int call)
    {
        switch (part)
        {
            case TextPart text:
                sink.Text(choice, Utf8(text.Text));
                foreach (var citation in text.Citations ?? [])
                {
                    sink.Citation(choice, Utf8(citation.Url), Utf8(citation.Title));
                }

                break;
            case RefusalPart refusal:
                sink.Refusal(choice, Utf8(refusal.Text));
                break;
            case ReasoningPart reasoning:
                ReplayReasoning(sink, choice, reasoning);
                break;
            case ImagePart image:
                sink.Image(choice, Utf8(image.Source.MimeType), Utf8(image.Source.Base64));
                break;
            case AudioPart audio:
                sink.Audio(choice, Utf8(audio.Source.MimeType), Utf8(audio.Source.Base64), default);
                break;
            case ToolCallPart tool:
                sink.ToolCall(choice, call, Utf8(tool.Id), Utf8(tool.Name));
                if (tool.Signature is not null)
                {
                    sink.ToolSignature(choice, call, Utf8(tool.Signature));
                }

                sink.ToolArguments(choice, call, Utf8(tool.Arguments));
                call++;
                break;
        }
    }

    private static void ReplayReasoning(ReplySink sink, int choice, ReasoningPart reasoning)
    {
        if (reasoning.Text.Length > 0)
        {
            sink.Reasoning(choice, Utf8(reasoning.Text));
        }

        if (reasoning.Signature is not null)
        {
            sink.ReasoningSignature(choice, Utf8(reasoning.Signature));
        }

        if (reasoning.Encrypted is not null)
        {
            sink.EncryptedReasoning(choice, Utf8(reasoning.Encrypted));
        }
    }

    private static byte[] Utf8(string? text) => text is null ? [] : Encoding.UTF8.GetBytes(text);
}

public sealed class ReplyChoice
{
    /// <summary>Text, reasoning, tool calls, images, in the order the model made them.</summary>
    public List<ChatPart> Parts { get; } = [];

    public FinishReason Finish { get; set; } = FinishReason.Stop;

    /// <summary>Probabilities of the tokens of the text, an array as OpenAI writes it; null for none.</summary>
    public JsonElement? LogProbs { get; set; }
}
