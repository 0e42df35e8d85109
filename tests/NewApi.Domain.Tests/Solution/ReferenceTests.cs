using System.Xml.Linq;

namespace NewApi.Domain.Tests.Solution;

/// <summary>Which project may know which: references point one way (README, layout).</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["NewApi.Domain"] = [],
        ["NewApi.ServiceDefaults"] = [],
        ["NewApi.Protocols"] = ["NewApi.Domain"],
        ["NewApi.Providers"] = ["NewApi.Protocols"],
        ["NewApi.Data"] = ["NewApi.Domain", "NewApi.ServiceDefaults"],
        ["NewApi.RelayService"] = ["NewApi.Providers", "NewApi.Data", "NewApi.ServiceDefaults"],
        ["NewApi.Payments"] = ["NewApi.Data"],
        ["NewApi.Notifications"] = ["NewApi.Data"],
        ["NewApi.AdminService"] = ["NewApi.Providers", "NewApi.Data", "NewApi.ServiceDefaults", "NewApi.Payments"],
        ["NewApi.Worker"] = ["NewApi.Providers", "NewApi.Data", "NewApi.ServiceDefaults", "NewApi.Payments", "NewApi.Notifications"],
        ["NewApi.Standalone"] = ["NewApi.RelayService", "NewApi.AdminService", "NewApi.Worker"],
        ["NewApi.AppHost"] = ["NewApi.RelayService", "NewApi.AdminService", "NewApi.Worker"],
    };

    [Fact]
    public void Projects_refer_only_to_what_the_layout_allows()
    {
        var found = Repository.Files("NewApi.*.csproj")
            .Where(file => !Repository.Relative(file).StartsWith("tests/", StringComparison.Ordinal)
                && !Repository.Relative(file).StartsWith("bench/", StringComparison.Ordinal))
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file), References);

        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        Assert.All(found, project => Assert.Subset(Allowed[project.Key].ToHashSet(), project.Value.ToHashSet()));
    }

    [Fact]
    public void Domain_needs_no_package()
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "NewApi.Domain", "NewApi.Domain.csproj"));

        Assert.Empty(project.Descendants("PackageReference"));
        Assert.Empty(project.Descendants("FrameworkReference"));
    }

    [Fact]
    public void Solution_lists_every_project_but_the_app_host()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "NewApi.sln"));

        foreach (var project in Repository.Files("*.csproj").Select(Path.GetFileName))
        {
            Assert.Equal(project != "NewApi.AppHost.csproj", solution.Contains($"\\{project}\"", StringComparison.Ordinal));
        }
    }

    private static string[] References(string project) =>
    [
        .. XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))),
    ];
}
