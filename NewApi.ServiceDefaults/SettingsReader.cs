using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace NewApi.ServiceDefaults;

/// <summary>
/// Reads settings by the names of their environment variables and collects every mistake, so that an operator sees all of them in
/// one start instead of one per start. An empty value counts as unset (specification: configuration §1).
/// </summary>
/// <remarks>A wrong value yields the fallback and a mistake; the host refuses to run while there are mistakes. Values are never
/// repeated in a mistake: a secret pasted into the wrong variable must not end up in a log.</remarks>
public sealed class SettingsReader(IConfiguration configuration)
{
    private readonly Lock _gate = new();
    private readonly List<string> _mistakes = [];

    /// <summary>One sentence per mistake, each starting with the name of the variable; in the order of their discovery.</summary>
    public IReadOnlyList<string> Mistakes
    {
        get
        {
            lock (_gate)
            {
                return [.. _mistakes];
            }
        }
    }

    /// <summary>A whole number; a value outside of <paramref name="min"/>…<paramref name="max"/> is a mistake.</summary>
    public int Int(string name, int fallback, int min = int.MinValue, int max = int.MaxValue) =>
        (int)Long(name, fallback, min, max);

    /// <inheritdoc cref="Int"/>
    public long Long(string name, long fallback, long min = long.MinValue, long max = long.MaxValue)
    {
        if (Text(name) is not { } text)
        {
            return fallback;
        }

        if (!long.TryParse(text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            Mistake(name, "must be a whole number");
            return fallback;
        }

        if (value < min || value > max)
        {
            Mistake(name, max is int.MaxValue or long.MaxValue
                ? $"must be at least {min}"
                : $"must be between {min} and {max}");
            return fallback;
        }

        return value;
    }

    /// <summary>A span given in whole seconds.</summary>
    public TimeSpan Seconds(string name, int fallbackSeconds, int min = 0, int max = int.MaxValue) =>
        TimeSpan.FromSeconds(Int(name, fallbackSeconds, min, max));

    /// <summary>A switch that takes the spellings of the reference: 1, t, T, TRUE, true, True and 0, f, F, FALSE, false, False.</summary>
    public bool Flag(string name, bool fallback)
    {
        switch (Text(name)?.Trim())
        {
            case null:
                return fallback;
            case "1" or "t" or "T" or "TRUE" or "true" or "True":
                return true;
            case "0" or "f" or "F" or "FALSE" or "false" or "False":
                return false;
            default:
                Mistake(name, "must be true or false");
                return fallback;
        }
    }

    /// <summary>A switch that only the exact text <c>true</c> turns on; anything else is off and no mistake.</summary>
    public bool StrictFlag(string name) => Text(name) is "true";

    /// <summary>The text as it is, or <c>null</c> when unset or empty.</summary>
    public string? Text(string name) => configuration[name] is { Length: > 0 } text ? text : null;

    /// <summary>Comma-separated items, trimmed, without empty ones.</summary>
    public IReadOnlyList<string> List(string name) =>
        Text(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Notes what is wrong with a variable; <paramref name="what"/> continues the name, such as “must be a URL”.</summary>
    public void Mistake(string name, string what)
    {
        var mistake = $"{name} {what}";
        lock (_gate)
        {
            // Two modules may read the same variable: its mistake is told once.
            if (!_mistakes.Contains(mistake))
            {
                _mistakes.Add(mistake);
            }
        }
    }
}
