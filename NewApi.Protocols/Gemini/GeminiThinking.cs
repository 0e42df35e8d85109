using System.Buffers;
using System.Globalization;
using System.Text.Json;
using NewApi.Domain.Options;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// How Gemini models are told to think (specification: relay §5.4): a budget of tokens for the 2.5 series, a level for the third; and the
/// suffixes of model names by which operators offer it.
/// </summary>
public static class GeminiThinking
{
    private const int FlashMost = 24_576;
    private const int ProMost = 32_768;
    private const int ProLeast = 128;
    private const int LiteLeast = 512;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    /// <summary>The suffix of a model name; the name without it is what the upstream knows.</summary>
    /// <param name="model">The name as the caller wrote it, or as mapped.</param>
    /// <param name="settings">Whether suffixes mean anything here; null: nothing.</param>
    /// <param name="suffix">What the suffix asks for; the default when there is none.</param>
    public static string Split(string model, GeminiSettings? settings, out GeminiSuffix suffix)
    {
        ArgumentNullException.ThrowIfNull(model);
        suffix = default;
        if (settings is not { ThinkingAdapterEnabled: true } || !IsGemini(model))
        {
            return model;
        }

        const string Budgeted = "-thinking-";
        var at = model.LastIndexOf(Budgeted, StringComparison.Ordinal);
        if (at > 0 && long.TryParse(model.AsSpan(at + Budgeted.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var budget))
        {
            suffix = new GeminiSuffix { Budget = budget };
            return model[..at];
        }

        var dash = model.LastIndexOf('-');
        var tail = model[(dash + 1)..];
        switch (tail)
        {
            case "thinking":
                suffix = new GeminiSuffix { Thinking = true };
                return model[..dash];
            case "nothinking":
                suffix = new GeminiSuffix { Off = true };
                return model[..dash];
            case "none" or "minimal" or "low" or "medium" or "high" or "xhigh" or "max":
                suffix = new GeminiSuffix { Effort = tail };
                return model[..dash];
            default:
                return model;
        }
    }

    /// <summary>What a suffix and the request's own wish come to; the suffix wins.</summary>
    /// <param name="suffix">From the model's name.</param>
    /// <param name="wish">What the request says; null for nothing.</param>
    /// <param name="model">The model without its suffix.</param>
    /// <param name="maxOutput">Most output tokens; null when not said.</param>
    /// <param name="percentage">Part of <paramref name="maxOutput"/> that <c>-thinking</c> may take.</param>
    public static ReasoningWish? Wish(GeminiSuffix suffix, ReasoningWish? wish, string model, long? maxOutput, decimal percentage)
    {
        if (suffix.Off)
        {
            return new ReasoningWish { Enabled = false };
        }

        if (suffix.Budget is { } budget)
        {
            return new ReasoningWish { Enabled = true, Budget = budget, Show = true };
        }

        if (suffix.Effort is { } effort)
        {
            return new ReasoningWish { Effort = effort, Show = effort != "none" };
        }

        if (!suffix.Thinking)
        {
            return wish;
        }

        if (TakesLevel(model))
        {
            return new ReasoningWish { Enabled = true, Effort = wish?.Effort, Show = true };
        }

        return new ReasoningWish
        {
            Enabled = true,
            Show = true,
            Budget = maxOutput is { } most ? (long)(percentage * most) : Share(wish?.Effort) is { } share ? share * Most(model) / 100 : null,
        };
    }

    /// <summary>The budget within what the model takes.</summary>
    public static long Clamp(string model, long budget)
    {
        ArgumentNullException.ThrowIfNull(model);
        var least = IsPro(model) ? ProLeast : model.Contains("flash-lite", StringComparison.Ordinal) ? LiteLeast : 0;
        return Math.Clamp(budget, least, Most(model));
    }

    /// <summary>
    /// Writes the body of a Gemini request for its model's suffix. False when there is none, or when the body itself says how to think: then
    /// the body goes as it is, and only the name changes. Requests that count tokens are not for this.
    /// </summary>
    /// <param name="body">A JSON object.</param>
    /// <param name="model">The upstream's name of the model, suffix included.</param>
    /// <param name="settings">As for <see cref="Split"/>.</param>
    /// <param name="output">Receives the new body.</param>
    public static bool TryWrite(ReadOnlyMemory<byte> body, string model, GeminiSettings? settings, IBufferWriter<byte> output)
    {
        var name = Split(model, settings, out var suffix);
        if (suffix.IsNone)
        {
            return false;
        }

        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = RequestScanner.MaxDepth });
        var root = document.RootElement;
        var config = root.Object(GeminiJson.Of(root, "generationConfig"u8, "generation_config"u8)) ?? default;
        if (config.Find(GeminiJson.Of(config, "thinkingConfig"u8, "thinking_config"u8)) is not null)
        {
            return false;
        }

        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name is not ("generationConfig" or "generation_config"))
            {
                member.WriteTo(json);
            }
        }

        json.WriteStartObject("generationConfig"u8);
        if (config.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in config.EnumerateObject())
            {
                member.WriteTo(json);
            }
        }

        var most = config.Whole(GeminiJson.Of(config, "maxOutputTokens"u8, "max_output_tokens"u8));
        Write(json, name, Wish(suffix, null, name, most, settings!.ThinkingAdapterBudgetTokensPercentage));
        json.WriteEndObject();
        json.WriteEndObject();
        return true;
    }

    /// <summary>Writes <c>thinkingConfig</c>, if there is anything to say that the model would understand.</summary>
    internal static void Write(Utf8JsonWriter json, string model, ReasoningWish? wish)
    {
        if (wish is null || !Thinks(model))
        {
            return;
        }

        var off = wish.Enabled == false || wish.Effort == "none" || wish.Budget == 0;
        var show = wish.Show ?? !off;
        json.WriteStartObject("thinkingConfig"u8);
        if (TakesLevel(model))
        {
            if (LevelOf(model, wish, off) is { } level)
            {
                json.WriteString("thinkingLevel"u8, level);
            }
        }
        else if (BudgetOf(model, wish, off) is { } budget)
        {
            json.WriteNumber("thinkingBudget"u8, budget);
        }

        if (show && !off)
        {
            json.WriteBoolean("includeThoughts"u8, true);
        }

        json.WriteEndObject();
    }

    /// <summary>Whether the request says that the model must not think: prices may differ (<c>model-nothinking</c>).</summary>
    public static bool IsOff(JsonElement request) =>
        request.ValueKind == JsonValueKind.Object
        && request.TryGetProperty(GeminiJson.Of(request, "generationConfig"u8, "generation_config"u8), out var config)
        && config.ValueKind == JsonValueKind.Object
        && config.TryGetProperty(GeminiJson.Of(config, "thinkingConfig"u8, "thinking_config"u8), out var thinking)
        && thinking.ValueKind == JsonValueKind.Object
        && thinking.TryGetProperty(GeminiJson.Of(thinking, "thinkingBudget"u8, "thinking_budget"u8), out var budget)
        && budget.ValueKind == JsonValueKind.Number && budget.TryGetInt64(out var tokens) && tokens == 0;

    /// <summary>The third series and later ones are told a level; a budget beside it would be refused.</summary>
    internal static bool TakesLevel(string model) => Series(model) >= 3;

    /// <summary>Models before 2.5, Gemma, and those that make pictures or sound do not take any instruction how to think.</summary>
    private static bool Thinks(string model) =>
        Series(model) is 0 or >= 2.5m
        && !model.Contains("gemma", StringComparison.Ordinal)
        && !model.Contains("-image", StringComparison.Ordinal)
        && !model.Contains("-tts", StringComparison.Ordinal);

    /// <summary>2.5 of <c>gemini-2.5-pro</c>; 0 when the name does not say.</summary>
    internal static decimal Series(string model)
    {
        const string Family = "gemini-";
        var at = model.LastIndexOf(Family, StringComparison.Ordinal);
        if (at < 0)
        {
            return 0;
        }

        var rest = model.AsSpan(at + Family.Length);
        var end = rest.IndexOfAnyExcept(Digits);
        return decimal.TryParse(end < 0 ? rest : rest[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var series)
            ? series
            : 0;
    }

    private static bool IsGemini(string model) =>
        model.StartsWith("gemini-", StringComparison.Ordinal) || model.Contains("/gemini-", StringComparison.Ordinal);

    private static bool IsPro(string model) => model.Contains("-pro", StringComparison.Ordinal);

    private static long Most(string model) => IsPro(model) ? ProMost : FlashMost;

    private static long? Share(string? effort) => effort switch
    {
        "high" or "xhigh" or "max" => 80,
        "medium" => 50,
        "low" or "minimal" => 20,
        _ => null,
    };

    private static long? BudgetOf(string model, ReasoningWish wish, bool off)
    {
        if (off)
        {
            return Clamp(model, 0);
        }

        if (wish.Budget is { } budget)
        {
            return budget < 0 ? -1 : Clamp(model, budget);
        }

        if (wish.Adaptive)
        {
            return -1;
        }

        // As Google's own OpenAI-compatible interface has it.
        return wish.Effort switch
        {
            "minimal" => Clamp(model, 512),
            "low" => 1024,
            "medium" => 8192,
            "high" or "xhigh" or "max" => FlashMost,
            _ => null,
        };
    }

    private static string? LevelOf(string model, ReasoningWish wish, bool off)
    {
        var effort = off ? "minimal" : wish.Effort ?? wish.Budget switch
        {
            null or < 0 => null,
            <= 1280 => "low",
            <= 8192 => "medium",
            _ => "high",
        };
        return effort switch
        {
            // The pro models cannot do without, and the first of them knew two levels only.
            "minimal" => IsPro(model) ? "low" : "minimal",
            "low" => "low",
            "medium" => IsPro(model) && Series(model) == 3 ? "high" : "medium",
            null => null,
            _ => "high",
        };
    }
}

/// <summary>What the suffix of a model's name asks for.</summary>
public readonly record struct GeminiSuffix
{
    /// <summary><c>-thinking</c></summary>
    public bool Thinking { get; init; }

    /// <summary><c>-nothinking</c></summary>
    public bool Off { get; init; }

    /// <summary><c>-thinking-2048</c></summary>
    public long? Budget { get; init; }

    /// <summary><c>-low</c> and its like.</summary>
    public string? Effort { get; init; }

    public bool IsNone => this == default;
}
