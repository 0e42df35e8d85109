namespace NewApi.AdminService.TopUps;

/// <summary>Reads a report as the bytes that were signed.</summary>
internal static class RawBody
{
    private const int Limit = 256 * 1024;

    /// <summary>Null when it is too large or breaks off.</summary>
    public static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (request.ContentLength is > Limit)
        {
            return null;
        }
        try
        {
            using var bytes = new MemoryStream();
            var buffer = new byte[8 * 1024];
            int read;
            while ((read = await request.Body.ReadAsync(buffer, ct)) > 0)
            {
                if (bytes.Length + read > Limit)
                {
                    return null;
                }
                bytes.Write(buffer, 0, read);
            }
            return bytes.ToArray();
        }
        catch (Exception fault) when (fault is IOException or BadHttpRequestException)
        {
            return null;
        }
    }
}
