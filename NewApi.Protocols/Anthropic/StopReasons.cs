using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

/// <summary>Stop reasons of Anthropic messages (specification: relay §5.3).</summary>
internal static class StopReasons
{
    public static FinishReason Read(string reason, string? sequence) => reason switch
    {
        "end_turn" => FinishReason.Stop,
        "stop_sequence" => new FinishReason("stop", sequence ?? ""),
        "max_tokens" or "model_context_window_exceeded" => FinishReason.Length,
        "tool_use" => FinishReason.ToolCalls,
        _ => new FinishReason(reason),
    };

    /// <summary>The word to write: clients run no tool unless it says so.</summary>
    public static string Word(FinishReason reason, bool hasCalls) => reason.Value switch
    {
        "stop" => hasCalls ? "tool_use" : reason.StopSequence is null ? "end_turn" : "stop_sequence",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        _ => reason.Value,
    };
}
