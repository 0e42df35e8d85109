namespace NewApi.Protocols.Canonical;

/// <summary>
/// Tells thoughts as text between <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c>, for clients that know no other place for them
/// (specification: relay §6.7). Signatures are of no use there and are left out.
/// </summary>
internal sealed class ThoughtsAsText(ReplySink inner) : PassingSink(inner)
{
    /// <summary>Choices whose thoughts are being told.</summary>
    private readonly HashSet<int> _thinking = [];

    public override void Start(in ReplyHead head) => base.Start(head with { SignsReasoning = false });

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8)
    {
        if (_thinking.Add(choice))
        {
            base.Text(choice, "<think>\n"u8);
        }

        base.Text(choice, utf8);
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8)
    {
        CloseThoughts(choice);
        base.Text(choice, utf8);
    }

    public override void Refusal(int choice, ReadOnlySpan<byte> utf8)
    {
        CloseThoughts(choice);
        base.Refusal(choice, utf8);
    }

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        CloseThoughts(choice);
        base.ToolCall(choice, call, id, name);
    }

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
        CloseThoughts(choice);
        base.Image(choice, mimeType, base64);
    }

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
    {
        CloseThoughts(choice);
        base.Audio(choice, mimeType, base64, transcript);
    }

    public override void Finish(int choice, FinishReason reason)
    {
        CloseThoughts(choice);
        base.Finish(choice, reason);
    }

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature)
    {
    }

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data)
    {
    }

    private void CloseThoughts(int choice)
    {
        if (_thinking.Remove(choice))
        {
            base.Text(choice, "\n</think>\n"u8);
        }
    }
}
