namespace NewApi.Providers;

/// <summary>What the operator's environment says about providers (specification: configuration).</summary>
public sealed record ProviderSettings
{
    public static ProviderSettings Default { get; } = new();

    /// <summary><c>AZURE_DEFAULT_API_VERSION</c></summary>
    public string AzureApiVersion { get; init; } = "2025-04-01-preview";

    /// <summary><c>COHERE_SAFETY_SETTING</c>: NONE, CONTEXTUAL or STRICT.</summary>
    public string CohereSafety { get; init; } = "NONE";

    /// <summary><c>DIFY_DEBUG</c>: the nodes of a workflow are shown as reasoning.</summary>
    public bool DifyDebug { get; init; } = true;

    /// <param name="text">Reads a variable.</param>
    /// <param name="flag">Reads a switch, with what it is when unset.</param>
    public static ProviderSettings Read(Func<string, string?> text, Func<string, bool, bool> flag)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(flag);
        return new()
        {
            AzureApiVersion = text("AZURE_DEFAULT_API_VERSION") ?? Default.AzureApiVersion,
            CohereSafety = text("COHERE_SAFETY_SETTING") ?? Default.CohereSafety,
            DifyDebug = flag("DIFY_DEBUG", Default.DifyDebug),
        };
    }
}
