using System.Globalization;

namespace NewApi.Domain.Options;

/// <summary>
/// A set of HTTP status codes written as <c>401,500-503</c> (specification: relay §3.6): full-width commas count as commas, blanks are
/// ignored, codes run from 100 to 599, nothing means none.
/// </summary>
public sealed class StatusCodeRanges
{
    private const int First = 100;
    private const int Last = 599;

    private readonly bool[] _members;

    private StatusCodeRanges(bool[] members) => _members = members;

    public static StatusCodeRanges None { get; } = new(new bool[Last - First + 1]);

    public bool Contains(int status) => status is >= First and <= Last && _members[status - First];

    /// <summary>False, and the empty set, when a part is neither a code nor a range of codes.</summary>
    public static bool TryParse(string? text, out StatusCodeRanges ranges)
    {
        var members = new bool[Last - First + 1];
        ranges = None;
        var parts = (text ?? "").Replace('，', ',').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var part in parts)
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            var low = Code(dash < 0 ? part : part[..dash]);
            var high = dash < 0 ? low : Code(part[(dash + 1)..]);
            if (low < First || high > Last || high < low)
            {
                return false;
            }

            Array.Fill(members, true, low - First, high - low + 1);
        }

        ranges = new StatusCodeRanges(members);
        return true;
    }

    /// <summary>The set in its canonical form: sorted, neighbours merged.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        for (var code = First; code <= Last; code++)
        {
            if (!Contains(code))
            {
                continue;
            }

            var start = code;
            while (Contains(code + 1))
            {
                code++;
            }

            parts.Add(start == code ? $"{start}" : $"{start}-{code}");
        }

        return string.Join(',', parts);
    }

    private static int Code(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : -1;
}
