using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace NewApi.AdminService.Access;

/// <summary>
/// Codes of authenticator apps: TOTP with SHA-1, six digits, thirty seconds, one step of tolerance; secrets in Base32 (specification: data
/// model §6, RFC 6238).
/// </summary>
internal static class TimeCodes
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const long StepSeconds = 30;
    private const int SecretBytes = 20;

    public static string NewSecret()
    {
        var bytes = RandomNumberGenerator.GetBytes(SecretBytes);
        var text = new StringBuilder(SecretBytes * 8 / 5);
        var (bits, count) = (0, 0);
        foreach (var value in bytes)
        {
            bits = (bits << 8) | value;
            for (count += 8; count >= 5; count -= 5)
            {
                text.Append(Base32[(bits >> (count - 5)) & 31]);
            }
            bits &= (1 << count) - 1;
        }
        return text.ToString();
    }

    /// <summary>The step that the code belongs to, or null when it belongs to none of the three that count now.</summary>
    public static long? StepOf(string secret, string code, DateTimeOffset now)
    {
        if (code.Length != 6 || Decode(secret) is not { Length: > 0 } key)
        {
            return null;
        }
        var step = now.ToUnixTimeSeconds() / StepSeconds;
        long? match = null;
        for (var candidate = step - 1; candidate <= step + 1; candidate++)
        {
            if (Credentials.Equal(CodeOf(key, candidate), code))
            {
                match = candidate;
            }
        }
        return match;
    }

    public static string CodeOf(byte[] key, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[20];
#pragma warning disable CA5350 // RFC 6238 and every authenticator app speak SHA-1; as an HMAC it is sound.
        HMACSHA1.HashData(key, counter, hash);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[19] & 15)..]) & int.MaxValue;
        return (number % 1_000_000).ToString("D6");
    }

    public static byte[] Decode(string secret)
    {
        var bytes = new List<byte>(secret.Length * 5 / 8);
        var (bits, count) = (0, 0);
        foreach (var letter in secret.ToUpperInvariant())
        {
            var value = Base32.IndexOf(letter);
            if (value < 0)
            {
                if (letter is '=' or ' ' or '-')
                {
                    continue;
                }
                return [];
            }
            bits = (bits << 5) | value;
            count += 5;
            if (count >= 8)
            {
                bytes.Add((byte)(bits >> (count - 8)));
                count -= 8;
                bits &= (1 << count) - 1;
            }
        }
        return [.. bytes];
    }
}
