namespace NewApi.Protocols.OpenAI;

/// <summary>What is known of OpenAI's models by name.</summary>
internal static class ReasoningModels
{
    /// <summary>False for those that answer 400 when asked to reason; models of other makers get the benefit of the doubt.</summary>
    public static bool CanReason(string model)
    {
        var name = model.AsSpan(model.LastIndexOf('/') + 1);
        return !(name.StartsWith("gpt-3", StringComparison.Ordinal) || name.StartsWith("gpt-4", StringComparison.Ordinal)
            || name.StartsWith("chatgpt-", StringComparison.Ordinal));
    }
}
