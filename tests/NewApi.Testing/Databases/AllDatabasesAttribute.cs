using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace NewApi.Testing.Databases;

/// <summary>
/// Runs a theory once per engine, with <see cref="DatabaseEngine"/> as its argument. SQLite always runs; an engine whose server is not
/// installed is skipped, and fails where <c>CI=true</c>, because there it was promised.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllDatabasesAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var rows = Enum.GetValues<DatabaseEngine>()
            .Select(engine => (ITheoryDataRow)new TheoryDataRow<DatabaseEngine>(engine) { Skip = Reason(engine) })
            .ToArray();
        return new ValueTask<IReadOnlyCollection<ITheoryDataRow>>(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => true;

    // In CI nothing is skipped: the missing program then fails the test by name.
    private static string? Reason(DatabaseEngine engine) =>
        TestServers.IsInstalled(engine) || Environment.GetEnvironmentVariable("CI") == "true"
            ? null
            : $"no {engine} server on this machine";
}
