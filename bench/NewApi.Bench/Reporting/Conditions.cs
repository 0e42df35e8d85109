using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NewApi.Bench.Reporting;

/// <summary>What somebody must know to judge the figures.</summary>
internal sealed record Conditions(
    DateTimeOffset Started, string Processor, int Cores, string System, string Runtime, string Commit, string LoadAverageAtStart, string Asked)
{
    public static Conditions Read(BenchRun run) => new(
        TimeProvider.System.GetUtcNow(),
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            ?? "unknown",
        Environment.ProcessorCount,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        CommitOf(run.Root),
        string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]),
        run.Options.ToString());

    private static string CommitOf(string folder)
    {
        try
        {
            var start = new ProcessStartInfo("git", ["-C", folder, "describe", "--always", "--dirty"]) { RedirectStandardOutput = true };
            using var git = Process.Start(start)!;
            return git.StandardOutput.ReadToEnd().Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }
}
