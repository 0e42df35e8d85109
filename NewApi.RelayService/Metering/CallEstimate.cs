using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Domain.Tokens;
using NewApi.Protocols;
using NewApi.Protocols.OpenAI;
using NewApi.Protocols.Sound;

namespace NewApi.RelayService.Metering;

/// <summary>What a call will use, as far as its request tells: for the hold, and for upstreams that do not count.</summary>
internal static class CallEstimate
{
    /// <summary>
    /// UTF-8 bytes of prompt text that count as one token in an estimate. English has about four, Chinese three, code in between: three
    /// errs towards a hold that is too large, and the rest comes back at settlement.
    /// </summary>
    private const int BytesPerToken = 3;
    private const int TokensPerImage = 1584;
    private const int TokensPerFile = 4096;

    /// <summary>Pictures that Imagen makes when nobody says how many.</summary>
    private const int ImagenPictures = 4;

    public static RelayFault? Make(RelayCall call)
    {
        var scan = call.Scan;
        call.PromptEstimate = call.Dialect switch
        {
            Dialect.OpenAITranscriptions or Dialect.OpenAITranslations => Sound(call),
            _ when IsSoldByCharacter(call) => scan.Characters,
            _ => Text(scan),
        };
        switch (call.Dialect)
        {
            case Dialect.OpenAIImages or Dialect.OpenAIImageEdits:
                call.Factors = new ChargeFactors
                {
                    Images = scan.Choices ?? 1,
                    ImagePriceRatio = ImagePrice.Factor(call.Model, scan.Size, scan.Quality),
                };
                return ImageRules.Check(scan);
            case Dialect.GeminiAction when call.Action == "predict":
                call.Factors = new ChargeFactors { Images = scan.Choices ?? ImagenPictures };
                return null;
            default:
                return null;
        }
    }

    /// <summary>Speech of the older models.</summary>
    public static bool IsSoldByCharacter(RelayCall call) =>
        call.Dialect == Dialect.OpenAISpeech && call.Model.StartsWith("tts", StringComparison.Ordinal);

    private static long Text(RequestScan scan) =>
        scan.PromptTokenIds + scan.PromptBytes / BytesPerToken + 3L * scan.Messages + 8L * scan.Tools
            + (long)TokensPerImage * scan.Images + (long)TokensPerFile * (scan.Files + scan.Audios + scan.Videos) + 3;

    private static long Sound(RelayCall call)
    {
        var file = call.Body!.Span[call.Scan.File];
        return SoundFile.Seconds(file) is { } seconds ? AudioTokens.OfDuration(seconds) : AudioTokens.OfUnreadable(file.Length);
    }
}
