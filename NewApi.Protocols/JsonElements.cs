using System.Text.Json;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols;

/// <summary>
/// Members of JSON objects as codecs read them; absent and <c>null</c> are the same. A member of a request that is not what it must be is
/// an error which names it; whatever else is odd is the upstream's to judge.
/// </summary>
public static class JsonElements
{
    /// <summary>The member, unless it is absent or <c>null</c>.</summary>
    public static JsonElement? Find(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    /// <summary>The member's text; null for anything that is no text.</summary>
    public static string? Word(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.Find(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>The member's elements; none for anything that is no array.</summary>
    public static JsonElement.ArrayEnumerator Items(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.Find(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : default;

    /// <summary>The member, which must be an object.</summary>
    public static JsonElement? Object(this JsonElement element, ReadOnlySpan<byte> name) =>
        Expect(element.Find(name), JsonValueKind.Object, name, "an object");

    /// <summary>The member, which must be an array.</summary>
    public static JsonElement? Array(this JsonElement element, ReadOnlySpan<byte> name) =>
        Expect(element.Find(name), JsonValueKind.Array, name, "an array");

    /// <summary>The member, which must be a text.</summary>
    public static string? Text(this JsonElement element, ReadOnlySpan<byte> name) =>
        Expect(element.Find(name), JsonValueKind.String, name, "a string")?.GetString();

    public static bool? Flag(this JsonElement element, ReadOnlySpan<byte> name) => element.Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Wrong(name, "true or false"),
    };

    public static decimal? Number(this JsonElement element, ReadOnlySpan<byte> name) =>
        Expect(element.Find(name), JsonValueKind.Number, name, "a number") is { } value
            ? value.TryGetDecimal(out var number) ? number : throw Wrong(name, "a number within reason")
            : null;

    /// <summary>A whole number; <c>12.0</c> is one.</summary>
    public static long? Whole(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.Number(name) is { } number
            ? number == decimal.Truncate(number) && number is >= long.MinValue and <= long.MaxValue
                ? (long)number
                : throw Wrong(name, "a whole number")
            : null;

    public static int? Count(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.Whole(name) is { } number ? number is >= 0 and <= int.MaxValue ? (int)number : throw Wrong(name, "a count") : null;

    private static JsonElement? Expect(JsonElement? value, JsonValueKind kind, ReadOnlySpan<byte> name, string wanted) =>
        value is null || value.Value.ValueKind == kind ? value : throw Wrong(name, wanted);

    private static TranslationException Wrong(ReadOnlySpan<byte> name, string wanted) =>
        new($"'{System.Text.Encoding.UTF8.GetString(name)}' must be {wanted}.");
}
