using System.Globalization;

namespace NewApi.Protocols.Gemini;

/// <summary>Sizes of pictures: pixels at OpenAI, a ratio and a class of size at Google.</summary>
internal static class PictureSize
{
    private static readonly (string Ratio, double Value)[] Ratios =
    [
        ("1:1", 1), ("2:3", 2 / 3d), ("3:2", 3 / 2d), ("3:4", 3 / 4d), ("4:3", 4 / 3d), ("9:16", 9 / 16d), ("16:9", 16 / 9d), ("21:9", 21 / 9d),
    ];

    /// <summary>The nearest ratio that Google knows; null for <c>auto</c> and for what is no size.</summary>
    public static string? RatioOf(string? size)
    {
        if (size is null || Ratios.Any(known => known.Ratio == size))
        {
            return size;
        }

        return Pixels(size) is var (width, height)
            ? Ratios.MinBy(known => Math.Abs(Math.Log(known.Value * height / width))).Ratio
            : null;
    }

    /// <summary>Google's class of size; null for the ordinary one.</summary>
    public static string? ClassOf(string? size) => Pixels(size) is var (width, height) && Math.Max(width, height) > 2048 ? "4K"
        : Pixels(size) is var (wide, high) && Math.Max(wide, high) > 1792 ? "2K"
        : null;

    private static (int Width, int Height)? Pixels(string? size)
    {
        var cross = size?.IndexOf('x', StringComparison.OrdinalIgnoreCase) ?? -1;
        return cross > 0
            && int.TryParse(size.AsSpan(0, cross), NumberStyles.None, CultureInfo.InvariantCulture, out var width) && width > 0
            && int.TryParse(size.AsSpan(cross + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var height) && height > 0
            ? (width, height)
            : null;
    }
}
