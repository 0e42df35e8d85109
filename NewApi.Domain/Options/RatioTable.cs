using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace NewApi.Domain.Options;

/// <summary>Reads tables of name to non-negative number, such as <c>{"gpt-4o":1.25}</c>, keeping every figure an exact decimal.</summary>
public static class RatioTable
{
    /// <summary>Largest figure that is believed; beyond it a product of four factors could not be represented.</summary>
    public const decimal Largest = 1_000_000_000m;

    // Dividing by a one with 28 zeros drops trailing zeros, so that 1.0 is logged as 1.
    private const decimal One = 1.0000000000000000000000000000m;

    /// <summary>
    /// The table, without the entries that cannot be a price (each of which is reported), or null when the text is not a JSON object.
    /// A dropped entry leaves that one model without a price, which is refused; other models keep theirs.
    /// </summary>
    public static FrozenDictionary<string, decimal>? Parse(string json, Action<string> problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (Read(json, problem) is not { } document)
        {
            return null;
        }

        using (document)
        {
            return Numbers(document.RootElement, problem);
        }
    }

    /// <summary>Tables in a table: <c>{"vip":{"default":0.9}}</c>. Null when the text is not a JSON object.</summary>
    public static FrozenDictionary<string, FrozenDictionary<string, decimal>>? ParseNested(string json, Action<string> problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (Read(json, problem) is not { } document)
        {
            return null;
        }

        using (document)
        {
            var outer = new Dictionary<string, FrozenDictionary<string, decimal>>(StringComparer.Ordinal);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.Object)
                {
                    outer[member.Name] = Numbers(member.Value, problem);
                }
                else
                {
                    problem($"{member.Name} is not an object");
                }
            }

            return outer.ToFrozenDictionary(StringComparer.Ordinal);
        }
    }

    /// <summary>The exact value of a decimal literal, without trailing zeros. False for anything that is not a finite number.</summary>
    public static bool TryNumber(string? text, out decimal value)
    {
        var read = decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
        value /= One;
        return read;
    }

    private static FrozenDictionary<string, decimal> Numbers(JsonElement table, Action<string> problem)
    {
        var entries = new Dictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var member in table.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Number && TryNumber(member.Value.GetRawText(), out var value)
                && value is >= 0 and <= Largest)
            {
                entries[member.Name] = value;
            }
            else
            {
                problem($"{member.Name} is not a number from 0 to {Largest}");
            }
        }

        return entries.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static JsonDocument? Read(string json, Action<string> problem)
    {
        try
        {
            var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json ?? ""));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
        }
        catch (JsonException)
        {
            // Told below: the parser's own words would quote the value.
        }

        problem("not a JSON object");
        return null;
    }
}
