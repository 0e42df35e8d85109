using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Pricing;

/// <summary>
/// What one model costs one account by way of one group: a rule, frozen when the call was routed. A ratio of 1 is one point a prompt
/// token; see <see cref="PriceBook"/> for where the figures come from and billing §4 of the specification for the formulas.
/// </summary>
public sealed record Price
{
    // The ratio between the hourly and the five-minute price of a cache write, 6 to 3.75 US dollars.
    private const decimal HourlyCacheFactor = 1.6m;

    // What a formula's hold assumes of an answer that is not bounded (specification: billing §4.11).
    private const long UnboundedFormulaOutput = 8192;

    /// <summary>The name by which the caller asked for the model.</summary>
    public required string Model { get; init; }

    /// <summary>The name under which the price stands in the tables: that of a family, for models that share one.</summary>
    public string? PricingName { get; init; }

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

    /// <summary>The formula that is the price; then the ratios and the price per call are 0 and null. Null for all other prices.</summary>
    public PriceExpression? Expression { get; init; }

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
    public bool IsFree => Expression is null ? (PerCallPrice ?? ModelRatio) * GroupRatio == 0 : GroupRatio == 0;

    /// <summary>
    /// The charge for a usage. It is never negative and never more than <see cref="QuotaRounding.LargestCharge"/>; what would have been
    /// more is booked as that limit and reported in <see cref="Charge.Saturation"/>, because the answer is delivered by now.
    /// </summary>
    public Charge For(in Usage reported, in ChargeFactors factors)
    {
        var usage = WithInferredWrites(reported, factors);
        var counts = new Counts(usage);
        var surcharges = Surcharges(usage, factors, out var unpriced);
        var byAudio = PerCallPrice is null && Expression is null
            && (factors.Realtime || (HasAudioRatio && counts.AudioInput + counts.AudioOutput > 0));
        var separateAudio = PerCallPrice is null && !byAudio && AudioInputPrice is not null ? counts.AudioInput : 0;
        var nothing = counts.Total == 0 && surcharges.Length == 0 && (Expression is null || usage.IsEmpty);
        string? tier = null;
        string? problem = null;
        Quota quota;
        QuotaSaturation? saturation = null;
        try
        {
            var exact = Expression is not null ? (nothing ? 0 : Formula(counts, factors, out tier, out problem))
                : PerCallPrice is { } price ? price * QuotaPerUnit * GroupRatio * factors.PerCallRatio
                : byAudio ? Audio(counts) * factors.TokenRatio
                : Text(counts, separateAudio) * factors.TokenRatio;
            exact += problem is null ? Cost(surcharges) : 0;
            quota = Finish(exact, nothing, out var fits);
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
            ByAudio = byAudio,
            Realtime = factors.Realtime,
            SeparateAudioInput = separateAudio,
            Surcharges = surcharges,
            UnpricedTools = unpriced,
            MatchedTier = tier,
            PriceProblem = problem,
            Request = factors.Request,
            Saturation = saturation,
            Nothing = nothing,
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
        if (promptTokens is < 0 or > Counts.Most || maxOutputTokens is < 0 or > ChargeFactors.MostOutputTokens * ChargeFactors.MostImages
            || !factors.InRange)
        {
            return OutOfRange();
        }

        var output = maxOutputTokens is > 0 and var bound ? bound : Expression is null ? UnboundedOutput : UnboundedFormulaOutput;
        output = HoldOutputCap > 0 ? Math.Min(output, HoldOutputCap) : output;
        try
        {
            if (Expression is not null)
            {
                return HoldForFormula(promptTokens, output, factors, out hold);
            }

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
            || promptTokens is < 0 or > Counts.Most || cacheRead is < 0 or > Counts.Most || completionTokens is < 0 or > Counts.Most)
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

    private RelayFault? HoldForFormula(long promptTokens, long output, in ChargeFactors factors, out Quota hold)
    {
        hold = Quota.Zero;
        var exact = Formula(new Counts(new Usage { Input = promptTokens, Output = output }), factors, out _, out var problem);
        if (problem is not null)
        {
            return new RelayFault(400, "model_price_error", $"The model's price cannot be computed for this call: {problem}.") { Final = true };
        }

        hold = Finish(exact, nothing: false, out var fits);
        return fits ? null : OutOfRange();
    }

    /// <summary>Points by the formula; what was held, with a reason, where the formula has no answer.</summary>
    private decimal Formula(in Counts counts, in ChargeFactors factors, out string? tier, out string? problem) =>
        Expression!.TryEvaluate(counts, factors.Images, factors.Request, factors.Facts, out var dollars, out tier, out problem)
            ? dollars * QuotaPerUnit * GroupRatio
            : factors.Held.Points;

    /// <summary>The usage, with the cache writes of a Claude model that an upstream kept to itself.</summary>
    private Usage WithInferredWrites(in Usage usage, in ChargeFactors factors) =>
        factors.InfersCacheWrites && usage is { ReportedCost: { } cost, CacheWrite: null or 0, Semantics: UsageSemantics.InputIncludesCache }
            && Model.Contains("claude", StringComparison.Ordinal)
            && InferCacheWrite(cost, usage.Input ?? 0, usage.CacheRead ?? 0, usage.Output ?? 0) is > 0 and var written
            ? usage with { CacheWrite = written }
            : usage;

    /// <summary>
    /// What a long task costs when it is started (specification: billing §4.10): its price per call, or half its ratio in US dollars until its
    /// tokens are known, times everything that multiplies it. Fractions are dropped, once before and once after the multiplication.
    /// </summary>
    public RelayFault? HoldForTask(in ChargeFactors factors, out Quota hold)
    {
        hold = Quota.Zero;
        if (!factors.InRange)
        {
            return OutOfRange();
        }

        try
        {
            var amount = Expression is not null
                ? Math.Truncate(Formula(new Counts(new Usage { Input = 1 }), factors, out _, out var problem) is var exact && problem is null ? exact : -1)
                : ForTask().Times(factors.TokenRatio);
            hold = amount is >= 0 and <= QuotaRounding.LargestCharge ? new Quota((long)amount) : Quota.Zero;
            return amount is >= 0 and <= QuotaRounding.LargestCharge ? null : OutOfRange();
        }
        catch (OverflowException)
        {
            return OutOfRange();
        }
    }

    /// <summary>What is kept with a task, so that its end is charged by the price of its beginning.</summary>
    public TaskPrice ForTask() => new()
    {
        PerCall = PerCallPrice,
        ModelRatio = ModelRatio,
        GroupRatio = GroupRatio,
        UserGroupRatio = UserGroupRatio,
        QuotaPerUnit = QuotaPerUnit,
        ByFormula = Expression is not null,
    };

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

    private ToolSurcharge[] Surcharges(in Usage usage, in ChargeFactors factors, out IReadOnlyList<string> unpriced)
    {
        unpriced = [];
        if (usage.Tools is null && factors.Tools is not { Count: > 0 })
        {
            return [];
        }

        var surcharges = new List<ToolSurcharge>();
        var unknown = new List<string>();
        foreach (var use in (usage.Tools ?? Enumerable.Empty<ToolUse>()).Concat(factors.Tools ?? []))
        {
            if (use.Calls <= 0)
            {
                continue;
            }

            // A tool without a price is not a surcharge: it must not turn an empty usage into a billable one.
            var price = Tools.Find(use.Tool, use.Tier, Model);
            if (price > 0)
            {
                surcharges.Add(new ToolSurcharge(use.Tool, Math.Min(use.Calls, Counts.Most), price.Value));
            }
            else if (price is null)
            {
                unknown.Add(use.Tool);
            }
        }

        unpriced = unknown;
        return [.. surcharges];
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
}
