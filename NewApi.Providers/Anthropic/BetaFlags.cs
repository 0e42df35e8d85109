using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Protocols.Anthropic;

namespace NewApi.Providers.Anthropic;

/// <summary>
/// Beta flags of Anthropic's as a cloud takes them that serves Claude. It refuses the whole request for a flag that it does not know, or not
/// for that model, and clients send whatever Anthropic's own API knows; so what is not in the list is left out, and with it what the cloud
/// refuses without the flag. The operator's own flags are sent as they are.
/// </summary>
/// <param name="taken">Flags, with the models that they are documented for.</param>
internal sealed class BetaFlags(params (string Name, Func<ClaudeModel, bool> Models)[] taken)
{
    public const string Header = "anthropic-beta";
    public const string ToolSearch = "tool-search-tool-2025-10-19";
    public const string ToolExamples = "tool-examples-2025-10-29";
    public const string Effort = "effort-2025-11-24";
    public const string ContextManagement = "context-management-2025-06-27";
    public const string Compaction = "compact-2026-01-12";

    /// <summary>The same member of bodies, where flags may stand as well.</summary>
    public const string Member = "anthropic_beta";

    /// <summary>What clouds call by two names: deferred tools and examples of their use.</summary>
    private const string AdvancedTools = "advanced-tool-use-2025-11-20";

    /// <summary>Takes the caller's flags out of the body, and what is refused without them.</summary>
    /// <returns>The flags to send: those of the caller that are taken, and the operator's.</returns>
    public List<string> Take(UpstreamMessage message, RequestDraft draft)
    {
        var model = ClaudeModel.Of(message.Model);
        if (model.Major == 0 && message.CallerModel is { } named)
        {
            // An inference profile's name may say nothing.
            model = ClaudeModel.Of(named);
        }
        var flags = Asked(message, draft).Where(flag => Array.Exists(taken, row => row.Name == flag && row.Models(model)))
            .Concat(message.ModelHeaders.Where(header => header.Key.Equals(Header, StringComparison.OrdinalIgnoreCase))
                .SelectMany(header => header.Value).SelectMany(Split))
            .Distinct(StringComparer.Ordinal).ToList();
        draft.Remove(Member);
        if (!flags.Contains(ContextManagement) && !flags.Contains(Compaction))
        {
            draft.Remove("context_management");
        }
        if (!flags.Contains(Effort) && model.Major > 0 && !model.Adaptive && draft.Node("output_config") is JsonObject output && output.Remove("effort"))
        {
            if (output.Count > 0)
            {
                draft.Set("output_config", output);
            }
            else
            {
                draft.Remove("output_config");
            }
        }
        return flags;
    }

    /// <summary>Whether a model's version lies in a range.</summary>
    public static bool Within(ClaudeModel model, (int Major, int Minor) first, (int Major, int Minor) last) =>
        first.CompareTo((model.Major, model.Minor)) <= 0 && last.CompareTo((model.Major, model.Minor)) >= 0;

    private static IEnumerable<string> Asked(UpstreamMessage message, RequestDraft draft)
    {
        var asked = Split(message.ClientHeader(Header) ?? "").ToList();
        foreach (var flag in draft.Node(Member) as JsonArray ?? [])
        {
            if (flag is JsonValue value && value.GetValueKind() == JsonValueKind.String)
            {
                asked.Add(value.GetValue<string>());
            }
        }
        return asked.Contains(AdvancedTools) ? [.. asked, ToolSearch, ToolExamples] : asked;
    }

    private static string[] Split(string flags) => flags.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
