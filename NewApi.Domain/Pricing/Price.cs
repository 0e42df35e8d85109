namespace NewApi.Domain.Pricing;

/// <summary>
/// What one model costs one account by way of one group: a rule, frozen when the call was routed. A ratio of 1 is one point a prompt
/// token; see <see cref="PriceBook"/> for where the figures come from and billing §4 of the specification for the formulas.
/// </summary>
public sealed class Price
{
    // The ratio between the hourly and the five-minute price of a cache write, 6 to 3.75 US dollars.
    private const decimal HourlyCacheFactor = 1.6m;

    // More than any upstream could have read or written; a larger figure is a broken report.
    private const long MostTokens = 1L << 40;

    /// <summary>The name by which the caller asked for the model.</summary>
    public required string Model { get; init; }

    /// <summary>Points a prompt token; 0 when the model is sold by the call.</summary>
    public required decimal ModelRatio { get; init; }

    public required decimal CompletionRatio { get; init; }

    /// <summary>Cache reads, in prompt tokens.</summary>
    public required decimal CacheRatio { get; init; }

    /// <summary>Cache writes that live five minutes, in prompt tokens.</summary>
    public required decimal CreateCacheRatio { get; init; }

    /// <summary>Cache writes that live an hour, in prompt tokens.</summary>
    public decimal CreateCacheRatio1h => CreateCacheRatio * HourlyCacheFactor;

    /// <summary>Image input, in prompt tokens.</summary>
    public required decimal ImageRatio { get; init; }

    /// <summary>Audio input, in prompt tokens.</summary>
    public required decimal AudioRatio { get; init; }

    /// <summary>Audio output, in audio input tokens.</summary>
    public required decimal AudioCompletionRatio { get; init; }

    /// <summary>Audio has ratios of its own, so calls with audio tokens are charged by the audio formula.</summary>
    public required bool HasAudioRatio { get; init; }

    /// <summary>US dollars per million audio input tokens, where these are sold apart (Gemini); null elsewhere.</summary>
    public decimal? AudioInputPrice { get; init; }

    /// <summary>US dollars a call; null when the model is sold by tokens.</summary>
    public decimal? PerCallPrice { get; init; }

    /// <summary>The group's factor that is charged.</summary>
    public required decimal GroupRatio { get; init; }

    /// <summary>The special ratio that replaced the group's own, if any.</summary>
    public decimal? UserGroupRatio { get; init; }

    /// <summary>Nobody has set a price: the call is allowed only because its owner accepts that.</summary>
    public bool Unset { get; init; }

    /// <summary>The ratio is the one we ship, so an upstream's cost can be compared with it.</summary>
    public bool Shipped { get; init; }

    /// <summary>Points per US dollar.</summary>
    public required decimal QuotaPerUnit { get; init; }

    public required ToolPrices Tools { get; init; }

    /// <summary>Output tokens that a hold assumes for a call that does not bound its answer.</summary>
    public long UnboundedOutput { get; init; }

    /// <summary>Most output tokens that a hold accounts for; 0 for no limit.</summary>
    public long HoldOutputCap { get; init; }

    /// <summary>Tokens or calls cost nothing; tools still may.</summary>
    public bool IsFree => (PerCallPrice ?? ModelRatio) * GroupRatio == 0;

    /// <summary>
    /// The charge for a usage. It is never negative and never more than <see cref="QuotaRounding.LargestCharge"/>; what would have been
    /// more is booked as that limit and reported in <see cref="Charge.Saturation"/>, because the answer is delivered by now.
    /// </summary>
    public Charge For(in Usage usage, in ChargeFactors factors)
    {
        var counts = new Counts(usage);
        var surcharges = Surcharges(usage, factors);
        var audioPath = PerCallPrice is null && HasAudioRatio && counts.AudioInput + counts.AudioOutput > 0;
        var separateAudio = PerCallPrice is null && !audioPath && AudioInputPrice is not null ? counts.AudioInput : 0;
        Quota quota;
        QuotaSaturation? saturation = null;
        try
        {
            var exact = PerCallPrice is { } price ? price * QuotaPerUnit * GroupRatio * factors.PerCallRatio
                : audioPath ? Audio(counts) * factors.TokenRatio
                : Text(counts, separateAudio) * factors.TokenRatio;
            exact += Cost(surcharges);
            quota = Finish(exact, nothing: counts.Total == 0 && surcharges.Length == 0, out var fits);
            saturation = fits ? null : Saturated(exact);
        }
        catch (OverflowException)
        {
            saturation = Saturated(null);
            quota = saturation.Value.Clamped;
        }

        return new Charge
        {
            Quota = quota,
            Price = this,
            Semantics = usage.Semantics,
            PromptTokens = counts.Input,
            CompletionTokens = counts.Output,
            CacheRead = counts.CacheRead,
            CacheWrite = counts.CacheWrite,
            CacheWrite5m = counts.CacheWrite5m,
            CacheWrite1h = counts.CacheWrite1h,
            ImageInput = counts.ImageInput,
            AudioInput = counts.AudioInput,
            AudioOutput = counts.AudioOutput,
            ByAudio = audioPath,
            SeparateAudioInput = separateAudio,
            Surcharges = surcharges,
            Saturation = saturation,
            Nothing = counts.Total == 0 && surcharges.Length == 0,
            Estimated = usage.Estimated,
        };
    }

    /// <summary>
    /// What to set aside before spending: the prompt and the most that the answer may cost. An unbounded answer counts as
    /// <c>PreConsumedQuota</c> tokens. A multiplier out of bounds, or an amount above the policy limit, is refused: it is never
    /// clamped or wrapped into something cheap.
    /// </summary>
    /// <param name="maxOutputTokens">Of all choices together.</param>
    public RelayFault? HoldFor(long promptTokens, long? maxOutputTokens, in ChargeFactors factors, out Quota hold)
    {
        hold = Quota.Zero;
        if (promptTokens is < 0 or > MostTokens || maxOutputTokens is < 0 or > ChargeFactors.MostOutputTokens * ChargeFactors.MostImages
            || !factors.InRange)
        {
            return OutOfRange();
        }

        var output = maxOutputTokens is > 0 and var bound ? bound : UnboundedOutput;
        output = HoldOutputCap > 0 ? Math.Min(output, HoldOutputCap) : output;
        try
        {
            var exact = PerCallPrice is { } price
                ? price * QuotaPerUnit * GroupRatio * factors.PerCallRatio
                : (promptTokens + CompletionRatio * output) * ModelRatio * GroupRatio * factors.TokenRatio;
            hold = Finish(exact, nothing: false, out var fits);
            return fits ? null : OutOfRange();
        }
        catch (OverflowException)
        {
            return OutOfRange();
        }
    }

    /// <summary>
    /// OpenRouter reports what a Claude call cost but not how many tokens it wrote to the cache: this solves the price for them
    /// (specification: billing §3). Null when the price is not the shipped one, or the figures do not fit each other.
    /// </summary>
    /// <param name="cost">US dollars, as reported.</param>
    /// <param name="promptTokens">Cache reads included.</param>
    public long? InferCacheWrite(decimal cost, long promptTokens, long cacheRead, long completionTokens)
    {
        var token = ModelRatio / QuotaPerUnit;
        if (!Shipped || PerCallPrice is not null || token <= 0 || CreateCacheRatio == 1 || cost is < 0 or > 1_000_000
            || promptTokens is < 0 or > MostTokens || cacheRead is < 0 or > MostTokens || completionTokens is < 0 or > MostTokens)
        {
            return null;
        }

        try
        {
            var unexplained = cost - promptTokens * token + cacheRead * (token - token * CacheRatio)
                - completionTokens * token * CompletionRatio;
            var written = Math.Round(unexplained / (token * CreateCacheRatio - token), MidpointRounding.AwayFromZero);
            return written >= 0 && written <= promptTokens - cacheRead ? (long)written : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private decimal Text(in Counts counts, long separateAudio)
    {
        var plain = counts.Input - counts.ImageInput - separateAudio;
        if (counts.IncludesCache)
        {
            plain -= counts.CacheRead + counts.CacheWrite;
        }

        // Anything not told apart by lifetime was written for five minutes.
        var written = (counts.CacheWrite - counts.CacheWrite1h) * CreateCacheRatio + counts.CacheWrite1h * CreateCacheRatio1h;
        var tokens = Math.Max(plain, 0)
            + counts.CacheRead * CacheRatio
            + counts.ImageInput * ImageRatio
            + written
            + counts.Output * CompletionRatio;
        return tokens * ModelRatio * GroupRatio
            + separateAudio * (AudioInputPrice ?? 0) * GroupRatio * QuotaPerUnit / 1_000_000;
    }

    private decimal Audio(in Counts counts)
    {
        var textInput = Math.Max(counts.Input - counts.AudioInput, 0);
        var textOutput = Math.Max(counts.Output - counts.AudioOutput, 0);
        var tokens = textInput
            + textOutput * CompletionRatio
            + counts.AudioInput * AudioRatio
            + counts.AudioOutput * AudioRatio * AudioCompletionRatio;
        return tokens * ModelRatio * GroupRatio;
    }

    /// <summary>Rounds, and never lets a billable call of a token-priced model go for nothing.</summary>
    private Quota Finish(decimal exact, bool nothing, out bool fits)
    {
        fits = true;
        if (nothing)
        {
            return Quota.Zero;
        }

        fits = QuotaRounding.TryRound(exact, out var quota);
        if (!fits)
        {
            return new Quota(QuotaRounding.LargestCharge);
        }

        return quota == Quota.Zero && ModelRatio * GroupRatio != 0 ? new Quota(1) : quota;
    }

    private ToolSurcharge[] Surcharges(in Usage usage, in ChargeFactors factors)
    {
        if (usage.WebSearches is not > 0 && factors.Tools is not { Count: > 0 })
        {
            return [];
        }

        var surcharges = new List<ToolSurcharge>();
        if (usage.WebSearches is > 0 and var searches)
        {
            Add(new ToolUse(factors.SearchTool ?? ToolPrices.WebSearch, searches));
        }

        foreach (var use in factors.Tools ?? [])
        {
            Add(use);
        }

        return [.. surcharges];

        void Add(ToolUse use)
        {
            // A tool without a price is not a surcharge: it must not turn an empty usage into a billable one.
            if (use.Calls > 0 && Tools.Find(use.Tool, use.Tier, Model) is > 0 and var price)
            {
                surcharges.Add(new ToolSurcharge(use.Tool, Math.Min(use.Calls, MostTokens), price));
            }
        }
    }

    private decimal Cost(ToolSurcharge[] surcharges)
    {
        decimal cost = 0;
        foreach (var surcharge in surcharges)
        {
            cost += surcharge.Price * surcharge.Calls * GroupRatio * QuotaPerUnit / 1000;
        }

        return cost;
    }

    private static QuotaSaturation Saturated(decimal? original) =>
        new("settle", "overflow", original, new Quota(QuotaRounding.LargestCharge));

    private static RelayFault OutOfRange() =>
        new(400, "model_price_error", "The call could cost more than a single call may.") { Final = true };

    /// <summary>The reported figures with nonsense removed: absent and negative are zero, parts never exceed what they imply.</summary>
    private readonly struct Counts
    {
        public Counts(in Usage usage)
        {
            IncludesCache = usage.Semantics == UsageSemantics.InputIncludesCache;
            Input = Sane(usage.Input);
            Output = Sane(usage.Output);
            CacheRead = Sane(usage.CacheRead);
            CacheWrite5m = Sane(usage.CacheWrite5m);
            CacheWrite1h = Sane(usage.CacheWrite1h);
            CacheWrite = Math.Max(Sane(usage.CacheWrite), CacheWrite5m + CacheWrite1h);
            ImageInput = Sane(usage.ImageInput);
            AudioInput = Sane(usage.AudioInput);
            AudioOutput = Sane(usage.AudioOutput);
        }

        public bool IncludesCache { get; }

        public long Input { get; }

        public long Output { get; }

        public long CacheRead { get; }

        public long CacheWrite { get; }

        public long CacheWrite5m { get; }

        public long CacheWrite1h { get; }

        public long ImageInput { get; }

        public long AudioInput { get; }

        public long AudioOutput { get; }

        /// <summary>Everything billable; parts count too, for a total that leaves them out.</summary>
        public long Total => Input + Output + CacheRead + CacheWrite + ImageInput + AudioInput + AudioOutput;

        private static long Sane(long? reported) => Math.Clamp(reported ?? 0, 0, MostTokens);
    }
}
