using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Midjourney;

/// <summary>
/// What a proxy shows when it reports a task: made of the channel's key, which the proxy and we know and no caller does. Nothing is stored,
/// and every relay can check it. A report that comes after the key was replaced is refused; the job that asks finds the end instead.
/// </summary>
internal static class MidjourneySeal
{
    public static string Of(ChannelKey key, string requestId) => Base64Url.EncodeToString(Bytes(key, requestId));

    public static bool Fits(string seal, Channel channel, string requestId)
    {
        Span<byte> shown = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (!Base64Url.TryDecodeFromChars(seal, shown, out var length) || length != shown.Length)
        {
            return false;
        }
        var fits = false;
        foreach (var key in channel.Keys)
        {
            fits |= CryptographicOperations.FixedTimeEquals(Bytes(key, requestId), shown);
        }
        return fits;
    }

    private static byte[] Bytes(ChannelKey key, string requestId) =>
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(key.Secret), Encoding.UTF8.GetBytes("mj/notify/" + requestId));
}
