using System.Text.Json;
using System.Text.RegularExpressions;

namespace NewApi.RelayService.Channels;

/// <summary>
/// The option <c>global.chat_completions_to_responses_policy</c> (specification: relay §5.6): where upstreams get as Responses what would go
/// out as a chat completion. <c>{"enabled":true,"all_channels":false,"channel_ids":[3],"channel_types":[1],"model_patterns":["^gpt-5"]}</c>
/// </summary>
internal sealed class ResponsesPolicy
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly bool _everywhere;
    private readonly long[] _channels;
    private readonly long[] _types;
    private readonly Regex[] _models;

    private ResponsesPolicy(JsonElement policy)
    {
        _everywhere = !policy.TryGetProperty("all_channels", out var all) || all.ValueKind != JsonValueKind.False;
        _channels = Numbers(policy, "channel_ids");
        _types = Numbers(policy, "channel_types");
        _models = policy.TryGetProperty("model_patterns", out var patterns) && patterns.ValueKind == JsonValueKind.Array
            ? [.. patterns.EnumerateArray().Select(pattern => new Regex(
                pattern.GetString()!, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience))]
            : [];
    }

    /// <summary>Null when the policy is off, or cannot be read.</summary>
    public static ResponsesPolicy? From(JsonElement policy, out string? problem)
    {
        problem = null;
        if (policy.ValueKind != JsonValueKind.Object || !policy.TryGetProperty("enabled", out var enabled) || enabled.ValueKind != JsonValueKind.True)
        {
            return null;
        }
        try
        {
            return new ResponsesPolicy(policy);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException or InvalidOperationException or FormatException)
        {
            problem = $"global.chat_completions_to_responses_policy cannot be read: {error.Message}";
            return null;
        }
    }

    /// <param name="channel">Where the call goes.</param>
    /// <param name="model">The model as the caller names it; without patterns, every model is meant.</param>
    public bool Applies(Channel channel, string model) =>
        (_everywhere || _channels.Contains(channel.Id) || _types.Contains(channel.Profile.ChannelType))
        && (_models.Length == 0 || Array.Exists(_models, pattern => pattern.IsMatch(model)));

    private static long[] Numbers(JsonElement policy, string name) =>
        policy.TryGetProperty(name, out var numbers) && numbers.ValueKind == JsonValueKind.Array
            ? [.. numbers.EnumerateArray().Select(number => number.GetInt64())]
            : [];
}
