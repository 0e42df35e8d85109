using NewApi.Data.Rows;

namespace NewApi.AdminService.Prices;

/// <summary>What administrators wrote about models: an exact name wins, then the longest prefix, suffix or part that fits.</summary>
internal sealed class ModelDescriptions(IReadOnlyList<ModelRow> rows)
{
    private const long Exact = 0;
    private const long Prefix = 1;
    private const long Contains = 2;
    private const long Suffix = 3;

    private readonly Dictionary<string, ModelRow> _exact = rows.Where(row => row.NameRule == Exact)
        .GroupBy(row => row.ModelName, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);

    private readonly ModelRow[] _rules = [.. rows.Where(row => row.NameRule != Exact).OrderByDescending(row => row.ModelName.Length)];

    public ModelRow? Find(string model) => _exact.GetValueOrDefault(model) ?? Array.Find(_rules, row => row.NameRule switch
    {
        Prefix => model.StartsWith(row.ModelName, StringComparison.Ordinal),
        Contains => model.Contains(row.ModelName, StringComparison.Ordinal),
        Suffix => model.EndsWith(row.ModelName, StringComparison.Ordinal),
        _ => false,
    });
}
