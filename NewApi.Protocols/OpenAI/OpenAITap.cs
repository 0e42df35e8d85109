using NewApi.Domain;

namespace NewApi.Protocols.OpenAI;

internal sealed class OpenAITap : StreamTap
{
    public override Usage Usage => default;

    private protected override FrameKind Read(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) => FrameKind.Meaningful;
}
