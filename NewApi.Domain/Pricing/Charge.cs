using System.Text.Json;
using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Pricing;

/// <summary>The credits that a price gives for a usage, with the figures that explain them in the usage log.</summary>
public sealed class Charge
{
    public required Quota Quota { get; init; }

    public required Price Price { get; init; }

    public required UsageSemantics Semantics { get; init; }

    /// <summary>As the log shows them: with Anthropic's semantics without cache reads and writes.</summary>
    public required long PromptTokens { get; init; }

    public required long CompletionTokens { get; init; }

    public required long CacheRead { get; init; }

    /// <summary>All cache writes, those told apart by lifetime included.</summary>
    public required long CacheWrite { get; init; }

    public required long CacheWrite5m { get; init; }

    public required long CacheWrite1h { get; init; }

    public required long ImageInput { get; init; }

    public required long AudioInput { get; init; }

    public required long AudioOutput { get; init; }

    /// <summary>The audio formula was used.</summary>
    public required bool ByAudio { get; init; }

    /// <summary>The call was a realtime session.</summary>
    public required bool Realtime { get; init; }

    /// <summary>Audio input tokens charged at <see cref="Price.AudioInputPrice"/>.</summary>
    public required long SeparateAudioInput { get; init; }

    public required IReadOnlyList<ToolSurcharge> Surcharges { get; init; }

    /// <summary>Tools that were used and that nobody has priced: free for now, and worth a warning.</summary>
    public required IReadOnlyList<string> UnpricedTools { get; init; }

    /// <summary>The tier of a formula that gave the price.</summary>
    public string? MatchedTier { get; init; }

    /// <summary>Why a formula had no answer; then what was held is what is charged.</summary>
    public string? PriceProblem { get; init; }

    /// <summary>What a formula looked at.</summary>
    public PricedRequest? Request { get; init; }

    public QuotaSaturation? Saturation { get; init; }

    /// <summary>The upstream answered but reported nothing billable: no charge, and counters stay as they are.</summary>
    public required bool Nothing { get; init; }

    /// <summary>The gateway counted, because the upstream did not say.</summary>
    public required bool Estimated { get; init; }

    /// <summary>What tools added, for whoever reads the log; empty for a plain charge.</summary>
    public string Describe() => Surcharges.Count == 0
        ? ""
        : string.Join("; ", Surcharges.Select(surcharge => $"{surcharge.Tool}: {surcharge.Calls} at {surcharge.Price} US dollars per thousand"));

    /// <summary>
    /// Writes the members of the log's <c>other</c> column that concern the price (specification: billing §10) into an object that the
    /// caller has opened; a figure that does not apply is −1 or absent, as readers of the reference's logs expect.
    /// </summary>
    public void WriteOther(Utf8JsonWriter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        other.WriteNumber("model_ratio", Price.ModelRatio);
        other.WriteNumber("group_ratio", Price.GroupRatio);
        other.WriteNumber("completion_ratio", Price.CompletionRatio);
        other.WriteNumber("cache_tokens", CacheRead);
        other.WriteNumber("cache_ratio", Price.CacheRatio);
        other.WriteNumber("model_price", Price.PerCallPrice ?? -1);
        other.WriteNumber("user_group_ratio", Price.UserGroupRatio ?? -1);
        if (Price.PricingName is { } pricingName && pricingName != Price.Model)
        {
            other.WriteString("pricing_name", pricingName);
        }

        if (Semantics == UsageSemantics.InputExcludesCache)
        {
            other.WriteBoolean("claude", true);
            other.WriteString("usage_semantic", "anthropic");
            other.WriteNumber("input_tokens_total", PromptTokens + CacheRead + CacheWrite);
        }

        WriteCacheWrites(other);
        WriteFormula(other);
        if (ImageInput > 0)
        {
            other.WriteBoolean("image", true);
            other.WriteNumber("image_ratio", Price.ImageRatio);
            // Image input tokens: the name is the reference's.
            other.WriteNumber("image_output", ImageInput);
        }

        if (ByAudio)
        {
            other.WriteBoolean(Realtime ? "ws" : "audio", true);
            other.WriteNumber("audio_input", AudioInput);
            other.WriteNumber("audio_output", AudioOutput);
            other.WriteNumber("text_input", Math.Max(PromptTokens - AudioInput, 0));
            other.WriteNumber("text_output", Math.Max(CompletionTokens - AudioOutput, 0));
            other.WriteNumber("audio_ratio", Price.AudioRatio);
            other.WriteNumber("audio_completion_ratio", Price.AudioCompletionRatio);
        }

        if (SeparateAudioInput > 0)
        {
            other.WriteBoolean("audio_input_seperate_price", true);
            other.WriteNumber("audio_input_token_count", SeparateAudioInput);
            other.WriteNumber("audio_input_price", Price.AudioInputPrice ?? 0);
        }

        if (Surcharges.Count > 0)
        {
            other.WriteStartArray("tool_surcharges");
            foreach (var surcharge in Surcharges)
            {
                other.WriteStartObject();
                other.WriteString("name", surcharge.Tool);
                other.WriteNumber("count", surcharge.Calls);
                other.WriteNumber("price", surcharge.Price);
                other.WriteEndObject();
            }

            other.WriteEndArray();
        }
    }

    /// <summary>Writes the members of <c>other.admin_info</c> that concern the price into an object that the caller has opened.</summary>
    public void WriteAdminInfo(Utf8JsonWriter adminInfo)
    {
        ArgumentNullException.ThrowIfNull(adminInfo);
        if (Estimated)
        {
            adminInfo.WriteBoolean("local_count_tokens", true);
        }

        if (PriceProblem is not null)
        {
            adminInfo.WriteString("price_problem", PriceProblem);
        }

        if (UnpricedTools.Count > 0)
        {
            adminInfo.WriteStartArray("unpriced_tools");
            foreach (var tool in UnpricedTools)
            {
                adminInfo.WriteStringValue(tool);
            }

            adminInfo.WriteEndArray();
        }

        if (Saturation is { } saturation)
        {
            adminInfo.WriteStartObject("quota_saturation");
            adminInfo.WriteString("op", saturation.Operation);
            adminInfo.WriteString("kind", saturation.Kind);
            if (saturation.Original is { } original)
            {
                adminInfo.WriteNumber("original", original);
            }

            adminInfo.WriteNumber("clamped", saturation.Clamped.Points);
            adminInfo.WriteEndObject();
        }
    }

    private void WriteFormula(Utf8JsonWriter other)
    {
        if (Price.Expression is not { } expression)
        {
            return;
        }

        other.WriteString("billing_mode", PriceBook.FormulaMode);
        other.WriteString("expr_b64", expression.Encoded);
        if (MatchedTier is not null)
        {
            other.WriteString("matched_tier", MatchedTier);
        }

        if (Request is { HasRules: true } request)
        {
            other.WriteStartArray("request_rules");
            request.WriteRules(other);
            other.WriteEndArray();
        }
    }

    private void WriteCacheWrites(Utf8JsonWriter other)
    {
        if (CacheWrite == 0)
        {
            return;
        }

        other.WriteNumber("cache_creation_tokens", CacheWrite);
        other.WriteNumber("cache_creation_ratio", Price.CreateCacheRatio);
        other.WriteNumber("cache_write_tokens", CacheWrite);
        if (CacheWrite5m > 0)
        {
            other.WriteNumber("cache_creation_tokens_5m", CacheWrite5m);
            other.WriteNumber("cache_creation_ratio_5m", Price.CreateCacheRatio);
        }

        if (CacheWrite1h > 0)
        {
            other.WriteNumber("cache_creation_tokens_1h", CacheWrite1h);
            other.WriteNumber("cache_creation_ratio_1h", Price.CreateCacheRatio1h);
        }
    }
}
