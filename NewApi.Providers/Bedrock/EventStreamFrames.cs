using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Bedrock;

/// <summary>
/// AWS's binary event stream, told as server-sent events. A frame: length of all (4 bytes), length of the headers (4), checksum of these
/// eight bytes (4), headers, payload, checksum of all before (4). A header: length of name (1), name, type (1; 7 is text), length (2), text.
/// A payload of Bedrock: <c>{"bytes":"base64 of one of Anthropic's events"}</c>.
/// </summary>
internal static class EventStreamFrames
{
    private const int Prelude = 12;
    private const int Trailer = 4;
    private const int LargestFrame = 16 << 20;

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ToEvents(Stream body, [EnumeratorCancellation] CancellationToken cancel)
    {
        var frame = new byte[16 * 1024];
        var output = new ArrayBufferWriter<byte>();
        while (await body.ReadAtLeastAsync(frame.AsMemory(0, Prelude), Prelude, throwOnEndOfStream: false, cancel) == Prelude)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(frame);
            var headers = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(4));
            if (length is < Prelude + Trailer or > LargestFrame || headers < 0 || headers > length - Prelude - Trailer
                || BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(8)) != Checksum(frame.AsSpan(0, 8)))
            {
                throw new InvalidDataException("The upstream's event stream cannot be read.");
            }
            if (frame.Length < length)
            {
                Array.Resize(ref frame, length);
            }
            await body.ReadExactlyAsync(frame.AsMemory(Prelude, length - Prelude), cancel);
            if (BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(length - Trailer)) != Checksum(frame.AsSpan(0, length - Trailer)))
            {
                throw new InvalidDataException("The upstream's event stream is damaged.");
            }
            Write(frame.AsSpan(Prelude, headers), frame.AsMemory(Prelude + headers, length - Prelude - headers - Trailer), output);
            if (output.WrittenCount > 0)
            {
                yield return output.WrittenMemory;
                output.ResetWrittenCount();
            }
        }
    }

    /// <summary>CRC-32, as gzip has it.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0xffffffffu;
        foreach (var value in bytes)
        {
            sum = Table[(byte)(sum ^ value)] ^ (sum >> 8);
        }
        return ~sum;
    }

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(start =>
    {
        var value = (uint)start;
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) != 0 ? (value >> 1) ^ 0xedb88320u : value >> 1;
        }
        return value;
    })];

    private static void Write(ReadOnlySpan<byte> headers, ReadOnlyMemory<byte> payload, ArrayBufferWriter<byte> output)
    {
        var json = payload.IsEmpty ? default : JsonElement.Parse(payload.Span);
        if (Header(headers, ":message-type"u8) is "exception" or "error")
        {
            var kind = Header(headers, ":exception-type"u8) ?? Header(headers, ":error-code"u8) ?? "upstream_error";
            WriteError(kind, json.Word("message"u8) ?? "The upstream broke the answer off.", output);
            return;
        }
        if (json.Word("bytes"u8) is not { } base64)
        {
            return;
        }
        var data = Convert.FromBase64String(base64);
        var type = JsonElement.Parse(data).Word("type"u8) ?? "message";
        output.Write(Encoding.UTF8.GetBytes($"event: {type}\ndata: "));
        output.Write(data);
        output.Write("\n\n"u8);
    }

    private static void WriteError(string kind, string message, ArrayBufferWriter<byte> output)
    {
        output.Write("event: error\ndata: "u8);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "error"u8);
            json.WriteStartObject("error"u8);
            json.WriteString("type"u8, kind == "throttlingException" ? "rate_limit_error" : kind == "validationException" ? "invalid_request_error" : "api_error");
            json.WriteString("message"u8, message);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        output.Write("\n\n"u8);
    }

    private static string? Header(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> wanted)
    {
        while (headers.Length > 1)
        {
            var nameLength = headers[0];
            if (headers.Length < nameLength + 4 || headers[nameLength + 1] != 7)
            {
                return null;
            }
            var length = BinaryPrimitives.ReadUInt16BigEndian(headers[(nameLength + 2)..]);
            var value = headers.Slice(nameLength + 4, Math.Min(length, headers.Length - nameLength - 4));
            if (headers.Slice(1, nameLength).SequenceEqual(wanted))
            {
                return Encoding.UTF8.GetString(value);
            }
            headers = headers[(nameLength + 4 + value.Length)..];
        }
        return null;
    }
}
