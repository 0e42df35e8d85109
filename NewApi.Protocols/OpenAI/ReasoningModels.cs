namespace NewApi.Protocols.OpenAI;

/// <summary>What is known of OpenAI's models by name.</summary>
internal static class ReasoningModels
{
    /// <summary>False for those that answer 400 when asked to reason; models of other makers get the benefit of the doubt.</summary>
    public static bool CanReason(string model)
    {
        var name = NameOf(model);
        return !(name.StartsWith("gpt-3", StringComparison.Ordinal) || name.StartsWith("gpt-4", StringComparison.Ordinal)
            || name.StartsWith("chatgpt-", StringComparison.Ordinal));
    }

    /// <summary>The o series and GPT-5: they take efforts, and refuse what other models take.</summary>
    public static bool IsReasoning(string model) =>
        IsGpt5(model) || (NameOf(model) is ['o', >= '1' and <= '9', ..] name && (name.Length == 2 || name[2] == '-'));

    public static bool IsGpt5(string model) => NameOf(model).StartsWith("gpt-5", StringComparison.Ordinal);

    public static bool KnowsDeveloper(string model)
    {
        var name = NameOf(model);
        return IsReasoning(model) && !name.StartsWith("o1-mini", StringComparison.Ordinal) && !name.StartsWith("o1-preview", StringComparison.Ordinal);
    }

    private static ReadOnlySpan<char> NameOf(string model) => model.AsSpan(model.LastIndexOf('/') + 1);
}
