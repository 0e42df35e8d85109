using System.Globalization;
using System.Text.RegularExpressions;

namespace NewApi.Data.Settings;

/// <summary>Spans as the reference's drivers write them: <c>10s</c>, <c>1m30s</c>, <c>500ms</c>; a bare number is seconds.</summary>
internal static partial class GoDuration
{
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            span = TimeSpan.FromSeconds(seconds);
            return true;
        }

        if (!Whole().IsMatch(text))
        {
            return false;
        }

        foreach (Match part in Part().Matches(text))
        {
            var number = double.Parse(part.Groups[1].Value, CultureInfo.InvariantCulture);
            span += part.Groups[2].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "s" => TimeSpan.FromSeconds(number),
                "m" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                _ => TimeSpan.Zero,
            };
        }

        return true;
    }

    /// <summary>Whole seconds, at least one unless the span is zero, as the drivers of this side count.</summary>
    public static int Seconds(string name, string text) =>
        TryParse(text, out var span)
            ? (int)Math.Ceiling(span.TotalSeconds)
            : throw new FormatException($"has a {name} that is not a span of time such as 10s");

    [GeneratedRegex(@"^(?:\d+(?:\.\d+)?(?:ms|us|ns|s|m|h))+$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"(\d+(?:\.\d+)?)(ms|us|ns|s|m|h)")]
    private static partial Regex Part();
}
