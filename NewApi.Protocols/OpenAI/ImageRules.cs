using NewApi.Domain;

namespace NewApi.Protocols.OpenAI;

/// <summary>What a request for pictures may ask for (specification: relay §7.3): a size that is priced apart must be one that exists.</summary>
public static class ImageRules
{
    private static readonly string[] DallE2Sizes = ["256x256", "512x512", "1024x1024"];
    private static readonly string[] DallE3Sizes = ["1024x1024", "1024x1792", "1792x1024"];

    public static RelayFault? Check(RequestScan scan)
    {
        ArgumentNullException.ThrowIfNull(scan);
        if (scan.Size is not { Length: > 0 } size)
        {
            return null;
        }

        if (size.Contains('×', StringComparison.Ordinal))
        {
            return Refuse("size is written with the letter x, as in 1024x1024");
        }

        return scan.Model switch
        {
            "dall-e-2" or "dall-e" when !DallE2Sizes.Contains(size) => Refuse($"size must be one of {string.Join(", ", DallE2Sizes)} for {scan.Model}"),
            "dall-e-3" when !DallE3Sizes.Contains(size) => Refuse($"size must be one of {string.Join(", ", DallE3Sizes)} for dall-e-3"),
            _ => null,
        };
    }

    private static RelayFault Refuse(string message) => new(400, "invalid_request", message) { Param = "size", Final = true };
}
