using NewApi.Domain;

namespace NewApi.Protocols.Gemini;

internal sealed class GeminiTap : StreamTap
{
    public override Usage Usage => default;

    private protected override FrameKind Read(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) => FrameKind.Meaningful;
}
