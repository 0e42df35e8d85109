namespace NewApi.Protocols.OpenAI;

/// <summary>What the name of a model of OpenAI's says of what it takes.</summary>
public static class OpenAIModels
{
    /// <summary>The o series and GPT-5: they refuse sampling and the older name for a bound.</summary>
    public static bool Reasons(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.StartsWith("gpt-5", StringComparison.Ordinal) || model is ['o', >= '0' and <= '9', ..];
    }

    /// <summary>False for models that answer 400 when asked to reason; those of other makers get the benefit of the doubt.</summary>
    internal static bool CanReason(string model)
    {
        var name = model.AsSpan(model.LastIndexOf('/') + 1);
        return !(name.StartsWith("gpt-3", StringComparison.Ordinal) || name.StartsWith("gpt-4", StringComparison.Ordinal)
            || name.StartsWith("chatgpt-", StringComparison.Ordinal));
    }
}
