using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace NewApi.RelayService.Authentication;

/// <summary>
/// Names a key in this process: 128 bits of its hash under a seed that nobody knows. Callers are cached under it, so that no raw key stays
/// in memory and no comparison depends on a secret.
/// </summary>
/// <remarks>
/// The hash is none of cryptography's, and need not be: it never leaves the process, and to be taken for the owner of a key one would have
/// to hit the digest of a key that one does not have. SHA-256 was 3 % of the CPU of a small call.
/// </remarks>
internal readonly record struct KeyDigest(UInt128 Value)
{
    private const int LongestKey = 512;

    private static readonly long Seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    public static bool TryMake(string key, out KeyDigest digest)
    {
        digest = default;
        if (key.Length is 0 or > LongestKey)
        {
            return false;
        }
        Span<byte> text = stackalloc byte[LongestKey * 3];
        var length = Encoding.UTF8.GetBytes(key, text);
        digest = new(XxHash128.HashToUInt128(text[..length], Seed));
        return true;
    }

    /// <summary>The digest is uniform: any part of it is a good hash code.</summary>
    public override int GetHashCode() => (int)Value;
}
