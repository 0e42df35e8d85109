namespace NewApi.Domain.Pricing;

/// <summary>
/// What an output token costs in input tokens, for models without an entry in the table of completion ratios (specification:
/// billing §2.2, with the vendor's figures where the reference's rules missed them; see <see cref="DefaultPrices.Corrections"/>).
/// Fractions are the shortest decimals of the nearest doubles, as the reference keeps them.
/// </summary>
internal static class CompletionRules
{
    public static decimal For(string model)
    {
        if (model.EndsWith("-all", StringComparison.Ordinal) || model.EndsWith("-gizmo-*", StringComparison.Ordinal))
        {
            return 2;
        }

        return model switch
        {
            _ when Starts(model, "gpt-") => Gpt(model),
            _ when Starts(model, "o1") || Starts(model, "o3") || Starts(model, "o4") => 4,
            "chatgpt-4o-latest" => 3,
            _ when model.Contains("claude-", StringComparison.Ordinal) => Claude(model),
            "deepseek-chat" or "deepseek-reasoner" or "deepseek-coder" => 4,
            _ when Starts(model, "mistral-") => 3,
            _ when Starts(model, "gemini-") => Gemini(model),
            "command-r" => 3,
            "command-r-plus" => 5,
            _ when Starts(model, "command") => 4,
            _ when Starts(model, "ERNIE-Speed-") || Starts(model, "ERNIE-Lite-") || Starts(model, "ERNIE-Character")
                || Starts(model, "ERNIE-Functions") => 2,
            "llama2-70b-4096" => 1.25m,
            "llama3-8b-8192" => 2,
            "llama3-70b-8192" => 1.3389830508474576m,
            _ => 1,
        };
    }

    private static decimal Gpt(string model) => model switch
    {
        "gpt-4o-2024-05-13" => 3,
        _ when Starts(model, "gpt-4o-mini-tts") => 20,
        _ when Starts(model, "gpt-4o") => 4,
        _ when Starts(model, "gpt-5") && !model.Contains('.', StringComparison.Ordinal) => 8,
        _ when Starts(model, "gpt-5.4-nano") => 6.25m,
        _ when Starts(model, "gpt-5") => 6,
        _ when Starts(model, "gpt-4.5-preview") => 2,
        _ when Starts(model, "gpt-4.1") => 4,
        _ when Starts(model, "gpt-4-turbo") || model.EndsWith("gpt-4-1106", StringComparison.Ordinal)
            || model.EndsWith("gpt-4-1105", StringComparison.Ordinal) => 3,
        "gpt-3.5-turbo" => 3,
        _ when Starts(model, "gpt-3.5") && model.EndsWith("0125", StringComparison.Ordinal) => 3,
        _ when Starts(model, "gpt-3.5") && model.EndsWith("1106", StringComparison.Ordinal) => 2,
        _ when Starts(model, "gpt-3.5") => 1.3333333333333333m,
        _ => 2,
    };

    // Generation 3 and everything after it sells output at five times input; names differ (claude-3-5-sonnet, claude-sonnet-4-5).
    private static decimal Claude(string model) =>
        model.Contains("claude-1", StringComparison.Ordinal) ? 1
        : model.Contains("claude-2", StringComparison.Ordinal) || model.Contains("claude-instant", StringComparison.Ordinal) ? 3
        : 5;

    private static decimal Gemini(string model) => model switch
    {
        _ when Starts(model, "gemini-1.5") || Starts(model, "gemini-2.0") => 4,
        _ when Starts(model, "gemini-2.5-pro") => 8,
        _ when Starts(model, "gemini-2.5-flash-preview") =>
            model.EndsWith("-nothinking", StringComparison.Ordinal) ? 4 : 23.333333333333332m,
        _ when Starts(model, "gemini-2.5-flash-lite") => 4,
        _ when Starts(model, "gemini-2.5-flash") || Starts(model, "gemini-robotics-er-1.5") => 8.333333333333334m,
        _ when Starts(model, "gemini-3-pro-image") => 60,
        _ when Starts(model, "gemini-3-pro") => 6,
        _ => 4,
    };

    private static bool Starts(string model, string prefix) => model.StartsWith(prefix, StringComparison.Ordinal);
}
