using System.Text.Json;

namespace NewApi.AdminService.Http;

/// <summary>Reads bounded JSON bodies. It happens inside of the handler, so that a refused caller never makes us parse anything.</summary>
internal static class RequestBody
{
    /// <summary>A management request is small; the largest are option tables and channels with thousands of keys.</summary>
    private const int Limit = 8 * 1024 * 1024;

    /// <summary>The body, or null when it is not JSON, has the wrong types, or is too large.</summary>
    public static async Task<T?> ReadAsync<T>(this HttpContext context)
        where T : class
    {
        if (context.Request.ContentLength is > Limit)
        {
            return null;
        }
        try
        {
            await using var bounded = new BoundedStream(context.Request.Body, Limit);
            return await JsonSerializer.DeserializeAsync(bounded, AdminJson.TypeInfo<T>(), context.RequestAborted);
        }
        catch (Exception fault) when (fault is JsonException or BodyTooLargeException or BadHttpRequestException)
        {
            return null;
        }
    }

    private sealed class BodyTooLargeException : Exception;

    private sealed class BoundedStream(Stream inner, long limit) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            _read += count;
            return _read > limit ? throw new BodyTooLargeException() : count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }
    }
}
