namespace NewApi.Domain.Tokens;

/// <summary>Usage of media calls whose upstream does not count (specification: billing §4.4 to §4.8), ready to be priced.</summary>
public static class MediaUsage
{
    /// <summary>
    /// Speech that was produced: text by characters for the <c>tts</c> models and by tokens for others, sound by its duration, or by its size where
    /// that cannot be read.
    /// </summary>
    /// <param name="model">The model as the caller named it.</param>
    /// <param name="text">UTF-8 of the text that was spoken.</param>
    /// <param name="textTokens">The same in tokens, for models that are sold by them.</param>
    /// <param name="seconds">Duration, when it is known.</param>
    /// <param name="bytes">Size of the sound.</param>
    public static Usage OfSpeech(string model, ReadOnlySpan<byte> text, long textTokens, decimal? seconds, long bytes)
    {
        ArgumentNullException.ThrowIfNull(model);
        var spoken = seconds is { } known ? AudioTokens.OfDuration(known) : AudioTokens.OfUnreadable(bytes);
        return new Usage
        {
            Input = model.StartsWith("tts", StringComparison.Ordinal) ? AudioTokens.CodePoints(text) : textTokens,
            Output = spoken,
            AudioOutput = spoken,
            Estimated = true,
        };
    }

    /// <summary>Sound that was written down or translated.</summary>
    public static Usage OfTranscription(decimal seconds) => new() { Input = AudioTokens.OfDuration(seconds), Output = 0, Estimated = true };

    /// <summary>Pictures of a model that is sold by tokens and reports none: a picture for one token would be a present.</summary>
    public static Usage OfImages(long promptTokens, int images) => new()
    {
        Input = Math.Max(promptTokens, 1),
        Output = images * Pricing.ImagePrice.AssumedOutputTokens,
        Estimated = true,
    };

    /// <summary>What was heard and said between two reports of a realtime session.</summary>
    /// <param name="textInput">Tokens of instructions, items and tools.</param>
    /// <param name="textOutput">Tokens of transcripts and calls.</param>
    /// <param name="heardSeconds">Sound from the caller.</param>
    /// <param name="spokenSeconds">Sound to the caller.</param>
    public static Usage OfRealtime(long textInput, long textOutput, decimal heardSeconds, decimal spokenSeconds)
    {
        var heard = AudioTokens.RealtimeInput(heardSeconds);
        var spoken = AudioTokens.RealtimeOutput(spokenSeconds);
        return new Usage
        {
            Input = textInput + heard,
            Output = textOutput + spoken,
            AudioInput = heard,
            AudioOutput = spoken,
            Estimated = true,
        };
    }
}
