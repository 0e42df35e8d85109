using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>Finish reasons of OpenAI chat. The canonical words are its own; it lacks those for a refusal and for a pause.</summary>
internal static class FinishReasons
{
    public static FinishReason Read(string word) => word is "function_call" ? FinishReason.ToolCalls : new FinishReason(word);

    /// <summary>The word to write: clients of tools look at nothing else to learn that there are calls.</summary>
    public static string Word(FinishReason reason, bool hasCalls) => reason.Value switch
    {
        "stop" => hasCalls ? "tool_calls" : "stop",
        "refusal" => "content_filter",
        "pause_turn" => "stop",
        _ => reason.Value,
    };
}
