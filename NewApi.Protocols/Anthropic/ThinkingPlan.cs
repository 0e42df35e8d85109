using System.Text.Json;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

/// <summary>How a request asks Claude to think, in the words that its model takes, and within the limits that the API sets.</summary>
internal readonly record struct ThinkingPlan
{
    /// <summary>The smallest budget that the API takes.</summary>
    private const long LeastBudget = 1024;

    /// <summary>What <c>max_tokens</c> is raised to so that a budget finds room below it.</summary>
    private const long LeastMaxTokens = 1280;

    public long MaxTokens { get; private init; }

    /// <summary>Thinking is switched on: sampling must not be set then.</summary>
    public bool IsOn => Budget is not null || Adaptive;

    public long? Budget { get; private init; }

    public bool Adaptive { get; private init; }

    public bool Disabled { get; private init; }

    public string? Effort { get; private init; }

    public string? Display { get; private init; }

    public static ThinkingPlan Of(ChatRequest request, in UpstreamTraits traits, ClaudeModel model, List<MessageTurn> turns, long defaultMax)
    {
        var max = request.MaxOutput is > 0 and var asked ? asked
            : traits.DefaultMaxTokens > 0 ? traits.DefaultMaxTokens
            : defaultMax;
        var plan = new ThinkingPlan { MaxTokens = max };
        if (request.Reasoning is not { } wish)
        {
            return plan;
        }

        // An answer that must be a tool call leaves no room for thoughts; nor does a call whose thoughts the caller has not brought back.
        var forced = request.ToolChoice?.Mode is ToolChoiceMode.Required or ToolChoiceMode.Named && request.Tools.Count > 0;
        if (wish.Enabled == false || wish.ToBudget() == 0)
        {
            return plan with { Disabled = true };
        }

        if (model.Adaptive)
        {
            var effort = wish.ToEffort() is { } word ? model.Effort(word) : null;
            return forced
                ? plan with { Effort = effort }
                : plan with { Adaptive = true, Effort = effort, Display = wish.Show is { } show ? show ? "summarized" : "omitted" : model.AdaptiveOnly ? "summarized" : null };
        }

        if (wish.Adaptive && wish.Budget is null && wish.Effort is null)
        {
            return forced ? plan : plan with { Adaptive = true };
        }

        if (forced || LacksThoughts(turns) || wish.ToBudget() is not { } budget)
        {
            return plan;
        }

        max = Math.Max(max, LeastMaxTokens);
        return plan with { MaxTokens = max, Budget = Math.Clamp(budget, LeastBudget, max - 1) };
    }

    public void Write(Utf8JsonWriter json)
    {
        if (!IsOn && !Disabled)
        {
            return;
        }

        json.WriteStartObject("thinking"u8);
        json.WriteString("type"u8, Disabled ? "disabled"u8 : Adaptive ? "adaptive"u8 : "enabled"u8);
        if (Budget is { } budget)
        {
            json.WriteNumber("budget_tokens"u8, budget);
        }

        if (Display is { } display)
        {
            json.WriteString("display"u8, display);
        }

        json.WriteEndObject();
    }

    /// <summary>With a budget, a turn that calls tools must begin with its thoughts.</summary>
    private static bool LacksThoughts(List<MessageTurn> turns)
    {
        var last = turns.FindLast(turn => turn.IsAssistant);
        return last is not null && turns[^1].Parts.Exists(part => part is ToolResultPart)
            && last.Parts.Exists(part => part is ToolCallPart) && last.Parts[0] is not ReasoningPart;
    }
}
