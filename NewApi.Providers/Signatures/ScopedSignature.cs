using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace NewApi.Providers.Signatures;

/// <summary>
/// Signatures over a canonical form of the request, by a key that is derived from day, region and service: AWS's version 4, and the ones
/// that Tencent and Volcano made after its pattern.
/// </summary>
/// <param name="Algorithm">As it stands in the header.</param>
/// <param name="KeyPrefix">What is put before the secret.</param>
/// <param name="Terminator">The last part of the scope.</param>
internal sealed record ScopedSignature(string Algorithm, string KeyPrefix, string Terminator)
{
    public static ScopedSignature Aws { get; } = new("AWS4-HMAC-SHA256", "AWS4", "aws4_request");

    public static ScopedSignature Tencent { get; } = new("TC3-HMAC-SHA256", "TC3", "tc3_request");

    public static ScopedSignature Volcano { get; } = new("HMAC-SHA256", "", "request");

    /// <summary>The value of the <c>Authorization</c> header.</summary>
    /// <param name="access">The public half of the key.</param>
    /// <param name="secret">The secret half.</param>
    /// <param name="date">Day as the scheme writes it.</param>
    /// <param name="time">Time as the scheme writes it.</param>
    /// <param name="scope">Region, if the scheme has one, and service.</param>
    /// <param name="path">The path as it is signed.</param>
    /// <param name="query">The query, its parts in order.</param>
    /// <param name="headers">Signed headers, names in lower case.</param>
    /// <param name="body">The body.</param>
    public string Authorize(
        string access,
        string secret,
        string date,
        string time,
        IReadOnlyList<string> scope,
        string path,
        string query,
        IReadOnlyDictionary<string, string> headers,
        ReadOnlySpan<byte> body)
    {
        var sorted = headers.OrderBy(header => header.Key, StringComparer.Ordinal).ToList();
        var names = string.Join(';', sorted.Select(header => header.Key));
        var canonical = new StringBuilder("POST\n").Append(path).Append('\n').Append(query).Append('\n');
        foreach (var (name, value) in sorted)
        {
            canonical.Append(name).Append(':').Append(value.Trim()).Append('\n');
        }
        canonical.Append('\n').Append(names).Append('\n').Append(Hash(body));
        var credential = string.Join('/', [date, .. scope, Terminator]);
        var toSign = $"{Algorithm}\n{time}\n{credential}\n{Hash(Encoding.UTF8.GetBytes(canonical.ToString()))}";
        var key = Encoding.UTF8.GetBytes(KeyPrefix + secret);
        foreach (var part in (string[])[date, .. scope, Terminator])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        return $"{Algorithm} Credential={access}/{credential}, SignedHeaders={names}, Signature={signature}";
    }

    public static string Hash(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));

    /// <summary><c>20240131T120000Z</c></summary>
    public static string Compact(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
}
