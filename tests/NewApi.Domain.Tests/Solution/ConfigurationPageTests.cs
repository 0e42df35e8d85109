using System.Text.RegularExpressions;

namespace NewApi.Domain.Tests.Solution;

/// <summary>docs/configuration.md tells the truth: every variable that is read is on it, and none that is not.</summary>
public sealed partial class ConfigurationPageTests
{
    private const string UnservedHeading = "## Variables of the reference without effect in this version";
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "configuration.md"));
    private static readonly string[] Sources =
        [.. Repository.Files("*.cs").Where(file => Repository.Relative(file).StartsWith("NewApi.", StringComparison.Ordinal)
            && !Repository.Relative(file).StartsWith("NewApi.AppHost/", StringComparison.Ordinal))];

    [Fact]
    public void Every_variable_that_is_read_is_on_the_page()
    {
        var read = Sources.SelectMany(file => Reading().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value.Replace(":", "__", StringComparison.Ordinal))
            .ToHashSet(StringComparer.Ordinal);

        Assert.Contains("SQL_DSN", read);
        var missing = read.Where(name => !Page.Contains($"`{name}`", StringComparison.Ordinal)).ToList();
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_variable_of_the_tables_is_somewhere_in_the_code()
    {
        var code = string.Concat(Sources.Where(file => !file.EndsWith("UnservedVariables.cs", StringComparison.Ordinal)).Select(File.ReadAllText));
        var listed = Page.Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal) && !line.StartsWith("| `--", StringComparison.Ordinal))
            .SelectMany(line => Name().Matches(line.Split('|')[1]))
            .Select(match => match.Groups[1].Value);

        // TZ is read by the runtime.
        var invented = listed.Where(name => !code.Contains(Literal(name), StringComparison.Ordinal) && name is not "TZ").ToList();
        Assert.Empty(invented);
    }

    [Fact]
    public void Page_and_start_up_warning_name_the_same_variables_without_effect()
    {
        var source = File.ReadAllText(Sources.Single(file => file.EndsWith("UnservedVariables.cs", StringComparison.Ordinal)));
        var warned = QuotedName().Matches(source).Select(match => match.Groups[1].Value).ToList();
        var listed = Name().Matches(Page[Page.IndexOf(UnservedHeading, StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value);
        var read = Sources.SelectMany(file => Reading().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value);

        Assert.Equal(warned, listed);
        Assert.Empty(warned.Intersect(read));
    }

    private static string Literal(string name)
    {
        // The limits are read as a family: the name, and the name with a suffix.
        foreach (var suffix in (string[])["_RATE_LIMIT_ENABLE", "_RATE_LIMIT_DURATION"])
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
            {
                return $"\"{name[..^suffix.Length]}_RATE_LIMIT\"";
            }
        }

        return $"\"{name.Replace("__", ":", StringComparison.Ordinal)}\"";
    }

    // settings.Int("SYNC_FREQUENCY", …) and the like, const string Name = "TRUSTED_PROXIES", and names handed to a reader of their own.
    [GeneratedRegex("""(?:\.(?:Int|Long|Flag|StrictFlag|Text|List|Seconds)\(|const string Name = |ReadAddress\(settings, |Limit\()"([A-Z][A-Z_]+|ConnectionStrings:[a-z]+)["]""")]
    private static partial Regex Reading();

    [GeneratedRegex("`([A-Za-z_]+)`")]
    private static partial Regex Name();

    [GeneratedRegex("^\\s+\"([A-Za-z_]+)\",$", RegexOptions.Multiline)]
    private static partial Regex QuotedName();
}
