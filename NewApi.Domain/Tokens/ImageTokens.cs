namespace NewApi.Domain.Tokens;

/// <summary>
/// Tokens of images, and of other files, in a prompt (specification: billing §9). The vendor counts either tiles of 512 pixels in a
/// scaled picture, or patches of 32 pixels times a factor, depending on the model.
/// </summary>
public static class ImageTokens
{
    /// <summary>An image for a model that is not of the OpenAI family.</summary>
    public const long OtherFamily = 520;

    public const long Audio = 256;

    public const long Video = 8192;

    /// <summary>A document or anything else.</summary>
    public const long File = 4096;

    private const long Glm4 = 1047;
    private const int Box = 2048;
    private const int ShortSide = 768;
    private const int Tile = 512;
    private const int Patch = 32;
    private const int MostPatches = 1536;

    // Far above any real picture; keeps hostile sizes from overflowing.
    private const int LargestSide = 1_000_000;

    /// <summary>
    /// Tokens of an image of known size; an impossible size counts as one that was not measured, unless it is not to be looked at closely
    /// anyway.
    /// </summary>
    public static long Count(string model, int width, int height, bool lowDetail)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.StartsWith("glm-4", StringComparison.Ordinal))
        {
            return Glm4;
        }

        if (width <= 0 || height <= 0)
        {
            return lowDetail && PatchFactor(model) is null ? TileCosts(model).Whole : Unmeasured(model);
        }

        width = Math.Min(width, LargestSide);
        height = Math.Min(height, LargestSide);
        if (PatchFactor(model) is { } factor)
        {
            return (long)Math.Round(Patches(width, height) * factor, MidpointRounding.AwayFromZero);
        }

        var (whole, tile) = TileCosts(model);
        return lowDetail ? whole : whole + Tiles(width, height) * tile;
    }

    /// <summary>Tokens of an image that nobody has looked at, because measuring is switched off or it could not be read.</summary>
    public static long Unmeasured(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.StartsWith("glm-4", StringComparison.Ordinal) ? Glm4 : 3 * TileCosts(model).Whole;
    }

    private static (long Whole, long Tile) TileCosts(string model) => model switch
    {
        _ when model.StartsWith("gpt-4o-mini", StringComparison.Ordinal) => (2833, 5667),
        _ when model.StartsWith("gpt-5", StringComparison.Ordinal) => (70, 140),
        _ when model.StartsWith("o1", StringComparison.Ordinal) || model.StartsWith("o3", StringComparison.Ordinal) => (75, 150),
        _ when model.StartsWith("computer-use-preview", StringComparison.Ordinal) => (65, 129),
        _ => (85, 170),
    };

    private static decimal? PatchFactor(string model) => model switch
    {
        _ when model.StartsWith("gpt-4.1-mini", StringComparison.Ordinal) => 1.62m,
        _ when model.StartsWith("gpt-4.1-nano", StringComparison.Ordinal) => 2.46m,
        _ when model.StartsWith("o4-mini", StringComparison.Ordinal) => 1.72m,
        _ when model.StartsWith("gpt-5-mini", StringComparison.Ordinal) => 1.62m,
        _ when model.StartsWith("gpt-5-nano", StringComparison.Ordinal) => 2.46m,
        _ => null,
    };

    private static long Tiles(double width, double height)
    {
        var fit = Math.Min(1, Box / Math.Max(width, height));
        var scale = fit * ShortSide / (fit * Math.Min(width, height));
        return Ceiling(width * scale / Tile) * Ceiling(height * scale / Tile);
    }

    private static long Patches(double width, double height)
    {
        var patches = Ceiling(width / Patch) * Ceiling(height / Patch);
        if (patches <= MostPatches)
        {
            return patches;
        }

        // Shrink to the budget, then further until the tighter side is a whole number of patches.
        var scale = Math.Sqrt((double)Patch * Patch * MostPatches / (width * height));
        var (across, down) = (width * scale / Patch, height * scale / Patch);
        var shrink = Math.Min(Math.Max(Math.Floor(across), 1) / across, Math.Max(Math.Floor(down), 1) / down);
        return Math.Min(Ceiling(across * shrink) * Ceiling(down * shrink), MostPatches);
    }

    // A hair of binary noise above a whole number is that number.
    private static long Ceiling(double value) => Math.Max((long)Math.Ceiling(value - 1e-6), 1);
}
