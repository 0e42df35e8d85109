using NewApi.Domain;

namespace NewApi.Protocols.Anthropic;

internal sealed class AnthropicTap : StreamTap
{
    public override Usage Usage => default;

    private protected override FrameKind Read(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) => FrameKind.Meaningful;
}
