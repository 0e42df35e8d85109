namespace NewApi.Domain.Pricing;

/// <summary>Size and quality of images that are sold by the piece (specification: billing §4.4).</summary>
public static class ImagePrice
{
    /// <summary>
    /// Output tokens to assume, per image, of a token-priced image model: for the hold, and for a settlement whose upstream reported
    /// nothing, since a picture for one token would be a present.
    /// </summary>
    public const long AssumedOutputTokens = 1584;

    /// <summary>Multiplies the price per call of the DALL-E models; 1 for all others and for sizes that are not in the list.</summary>
    public static decimal Factor(string model, string? size, string? quality)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!model.StartsWith("dall-e", StringComparison.Ordinal))
        {
            return 1;
        }

        var large = size is "1024x1792" or "1792x1024";
        var bySize = size switch
        {
            "256x256" => 0.4m,
            "512x512" => 0.45m,
            _ => large ? 2m : 1m,
        };
        var byQuality = model == "dall-e-3" && quality == "hd" ? large ? 1.5m : 2m : 1m;
        return bySize * byQuality;
    }
}
