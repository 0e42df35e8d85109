namespace NewApi.Protocols.Canonical;

/// <summary>
/// Tells thoughts as text between <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c>, for clients that know no other place for them
/// (specification: relay §6.7). Signatures are of no use there and are left out.
/// </summary>
internal sealed class ThoughtsAsText(ReplySink inner) : ReplySink
{
    /// <summary>Choices whose thoughts are being told.</summary>
    private readonly HashSet<int> _thinking = [];

    public override void Start(in ReplyHead head) => inner.Start(head with { SignsReasoning = false });

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8)
    {
        if (_thinking.Add(choice))
        {
            inner.Text(choice, "<think>\n"u8);
        }

        inner.Text(choice, utf8);
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8)
    {
        CloseThoughts(choice);
        inner.Text(choice, utf8);
    }

    public override void Refusal(int choice, ReadOnlySpan<byte> utf8)
    {
        CloseThoughts(choice);
        inner.Refusal(choice, utf8);
    }

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        CloseThoughts(choice);
        inner.ToolCall(choice, call, id, name);
    }

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json) => inner.ToolArguments(choice, call, json);

    public override void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature) => inner.ToolSignature(choice, call, signature);

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
        CloseThoughts(choice);
        inner.Image(choice, mimeType, base64);
    }

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
    {
        CloseThoughts(choice);
        inner.Audio(choice, mimeType, base64, transcript);
    }

    public override void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title) => inner.Citation(choice, url, title);

    public override void LogProbs(int choice, ReadOnlySpan<byte> json) => inner.LogProbs(choice, json);

    public override void Finish(int choice, FinishReason reason)
    {
        CloseThoughts(choice);
        inner.Finish(choice, reason);
    }

    public override void Usage(in Domain.Usage usage) => inner.Usage(usage);

    private void CloseThoughts(int choice)
    {
        if (_thinking.Remove(choice))
        {
            inner.Text(choice, "\n</think>\n"u8);
        }
    }
}
