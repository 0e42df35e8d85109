namespace NewApi.Domain;

/// <summary>
/// Families of model names that share one entry under a wildcard (specification: relay §3.3). The same rule serves channel
/// lookup, model limits of a key and prices.
/// </summary>
public static class ModelNames
{
    /// <summary>The wildcard name of a family member; any other name comes back as it is.</summary>
    public static string Normalize(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.StartsWith("gemini-2.5-", StringComparison.Ordinal) && model.Contains("-thinking-", StringComparison.Ordinal))
        {
            return model switch
            {
                _ when model.StartsWith("gemini-2.5-flash-lite", StringComparison.Ordinal) => "gemini-2.5-flash-lite-thinking-*",
                _ when model.StartsWith("gemini-2.5-flash", StringComparison.Ordinal) => "gemini-2.5-flash-thinking-*",
                _ when model.StartsWith("gemini-2.5-pro", StringComparison.Ordinal) => "gemini-2.5-pro-thinking-*",
                _ => model,
            };
        }

        return ForLog(model);
    }

    /// <summary>The name that the usage log shows: the requested one, with the many gizmos as one.</summary>
    public static string ForLog(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model switch
        {
            _ when model.StartsWith("gpt-4-gizmo", StringComparison.Ordinal) => "gpt-4-gizmo-*",
            _ when model.StartsWith("gpt-4o-gizmo", StringComparison.Ordinal) => "gpt-4o-gizmo-*",
            _ => model,
        };
    }
}
