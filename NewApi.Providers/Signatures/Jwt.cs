using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;

namespace NewApi.Providers.Signatures;

/// <summary>Signed tokens that providers take in place of a key.</summary>
internal static class Jwt
{
    public static string Make(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign)
    {
        var content = Encode(header) + "." + Encode(claims);
        return content + "." + Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(content)));
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
