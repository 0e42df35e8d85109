using System.Text.Json;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// OpenAI's custom tools take free text where functions take JSON. Elsewhere they are offered as functions with that text as their only
/// argument, <c>{"input":"…"}</c>, and the caller gets the call back as one of a custom tool.
/// </summary>
internal static class CustomTools
{
    private static readonly JsonElement Schema = JsonElement.Parse(
        """{"type":"object","properties":{"input":{"type":"string","description":"The whole input of the tool, as plain text."}},"required":["input"]}"""u8);

    public static ChatTool ToFunction(string name, string? description, JsonElement? format)
    {
        if (format?.Word("definition"u8) is { Length: > 0 } grammar)
        {
            description = $"{description}\n\nThe input must follow this grammar ({format.Value.Word("syntax"u8)}):\n{grammar}".TrimStart();
        }

        return new ChatTool(name) { Description = description, Parameters = Schema, IsCustom = true };
    }

    public static string ToArguments(string input) => $"{{\"input\":\"{JsonEncodedText.Encode(input, ErrorBody.WriterOptions.Encoder)}\"}}";

    /// <summary>The text inside the arguments of a call; what is no such JSON is the text itself.</summary>
    public static string ToInput(string arguments)
    {
        try
        {
            return JsonElement.Parse(arguments).Word("input"u8) ?? arguments;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return arguments;
        }
    }
}
