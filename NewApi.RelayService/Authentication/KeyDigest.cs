using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace NewApi.RelayService.Authentication;

/// <summary>SHA-256 of a key. Callers are cached under it, so that no raw key stays in memory and no comparison depends on a secret.</summary>
internal readonly record struct KeyDigest(ulong A, ulong B, ulong C, ulong D)
{
    private const int LongestKey = 512;

    public static bool TryMake(string key, out KeyDigest digest)
    {
        digest = default;
        if (key.Length is 0 or > LongestKey)
        {
            return false;
        }
        Span<byte> text = stackalloc byte[LongestKey * 3];
        var length = Encoding.UTF8.GetBytes(key, text);
        Span<ulong> hash = stackalloc ulong[4];
        SHA256.HashData(text[..length], MemoryMarshal.AsBytes(hash));
        digest = new(hash[0], hash[1], hash[2], hash[3]);
        return true;
    }

    /// <summary>The digest is uniform: any part of it is a good hash code.</summary>
    public override int GetHashCode() => (int)A;
}
