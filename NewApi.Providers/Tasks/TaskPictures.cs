namespace NewApi.Providers.Tasks;

/// <summary>Pictures of an order as upstreams want them; callers give addresses, data URIs or bare base64.</summary>
internal static class TaskPictures
{
    private const string Data = "data:";

    /// <summary>An address or a data URI.</summary>
    public static string Address(string picture) =>
        IsAddress(picture) || picture.StartsWith(Data, StringComparison.OrdinalIgnoreCase) ? picture : $"data:{TypeOf(picture)};base64,{picture}";

    /// <summary>The bytes of a picture that is no address: its type and its base64; null for an address.</summary>
    public static (string Type, string Base64)? Inline(string picture)
    {
        if (IsAddress(picture))
        {
            return null;
        }
        if (!picture.StartsWith(Data, StringComparison.OrdinalIgnoreCase))
        {
            return (TypeOf(picture), picture);
        }
        var comma = picture.IndexOf(',', StringComparison.Ordinal);
        var type = comma < 0 ? "" : picture[Data.Length..comma].Split(';')[0];
        return (type.Length > 0 ? type : TypeOf(picture[(comma + 1)..]), picture[(comma + 1)..]);
    }

    /// <summary>Width and height of <c>1280x720</c> or <c>1280*720</c>; null for anything else.</summary>
    public static (int Width, int Height)? SizeOf(string size) =>
        size.Split('x', 'X', '*') is [var width, var height] && int.TryParse(width, out var wide) && int.TryParse(height, out var high)
            && wide is > 0 and < 100_000 && high is > 0 and < 100_000
            ? (wide, high)
            : null;

    /// <summary>The shape of a picture in the words of those who have no others: <c>16:9</c>; null for shapes that have none.</summary>
    public static string? RatioOf(int width, int height)
    {
        foreach (var (wide, high) in (ReadOnlySpan<(int, int)>)[(16, 9), (9, 16), (1, 1), (4, 3), (3, 4), (21, 9), (9, 21)])
        {
            // A few pixels less make a size that encoders like.
            if (Math.Abs((decimal)width / height * high / wide - 1) < 0.04m)
            {
                return $"{wide}:{high}";
            }
        }
        return null;
    }

    private static bool IsAddress(string picture) => picture.Contains("://", StringComparison.Ordinal);

    private static string TypeOf(string base64) =>
        base64.StartsWith("iVBOR", StringComparison.Ordinal) ? "image/png"
        : base64.StartsWith("UklGR", StringComparison.Ordinal) ? "image/webp"
        : base64.StartsWith("R0lGOD", StringComparison.Ordinal) ? "image/gif"
        : "image/jpeg";
}
