using System.Buffers;

namespace NewApi.Protocols;

/// <summary>Edits a scanned request body in place: every byte that is not edited stays as the caller sent it.</summary>
public static class RequestRewriter
{
    /// <summary>Writes the edited body; false means that nothing changes, and nothing was written: forward the original bytes.</summary>
    public static bool TryWrite(ReadOnlySpan<byte> body, RequestScan scan, in RequestEdits edits, IBufferWriter<byte> output) => false;
}
