using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>Tells everything on as it is; who derives from it changes or notes what it cares for.</summary>
internal abstract class PassingSink(ReplySink inner) : ReplySink
{
    public override void Start(in ReplyHead head) => inner.Start(head);

    public override void Text(int choice, ReadOnlySpan<byte> utf8) => inner.Text(choice, utf8);

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8) => inner.Reasoning(choice, utf8);

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature) => inner.ReasoningSignature(choice, signature);

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data) => inner.EncryptedReasoning(choice, data);

    public override void Refusal(int choice, ReadOnlySpan<byte> utf8) => inner.Refusal(choice, utf8);

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name) => inner.ToolCall(choice, call, id, name);

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json) => inner.ToolArguments(choice, call, json);

    public override void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature) => inner.ToolSignature(choice, call, signature);

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64) => inner.Image(choice, mimeType, base64);

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript) =>
        inner.Audio(choice, mimeType, base64, transcript);

    public override void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title) => inner.Citation(choice, url, title);

    public override void LogProbs(int choice, ReadOnlySpan<byte> json) => inner.LogProbs(choice, json);

    public override void Finish(int choice, FinishReason reason) => inner.Finish(choice, reason);

    public override void Usage(in Usage usage) => inner.Usage(usage);
}
