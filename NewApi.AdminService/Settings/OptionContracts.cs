using System.Text.Json;

namespace NewApi.AdminService.Settings;

internal sealed record OptionView(string Key, string Value);

internal sealed record OptionRequest
{
    public string? Key { get; init; }

    /// <summary>Text, number or boolean.</summary>
    public JsonElement Value { get; init; }

    /// <summary>The value as it is stored, or null when it is of another kind.</summary>
    public string? Text() => Value.ValueKind switch
    {
        JsonValueKind.String => Value.GetString(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => Value.GetRawText(),
        JsonValueKind.Undefined => "",
        _ => null,
    };
}
