namespace NewApi.Providers.Custom;

/// <summary>Anything that speaks OpenAI's dialects at one whole address, with <c>{model}</c> in it if need be (channel type 8).</summary>
internal static class Custom
{
    public static ProviderProfile Profile { get; } = OpenAI.OpenAI.Reseller(8, "Custom", null) with { WholeAddress = true };
}
