using System.Text;
using NewApi.Bench.Scenarios;

namespace NewApi.Bench.Reporting;

/// <summary>What translations cost, as a table: callers down, upstreams across, each over the caller's own dialect untranslated.</summary>
internal static class DialectReport
{
    public static string Markdown(BenchRun run)
    {
        var text = new StringBuilder();
        text.AppendLine($"CPU ms a call, and in brackets over the caller's own dialect untranslated (bar of a small chat: ≤ {DialectPairs.Bar:0}).");
        Append(text, run, "small chat", stream: false);
        Append(text, run, "stream of 100 chunks", stream: true);
        return text.ToString();
    }

    private static void Append(StringBuilder text, BenchRun run, string title, bool stream)
    {
        text.AppendLine().AppendLine($"| {title}: caller \\ upstream | {string.Join(" | ", DialectPairs.Dialects.Select(dialect => dialect.Name))} |");
        text.AppendLine($"|---|{string.Concat(DialectPairs.Dialects.Select(_ => "---|"))}");
        var worst = ("", 0.0);
        foreach (var caller in DialectPairs.Dialects)
        {
            text.Append($"| {caller.Name} |");
            var own = Cost(run, DialectPairs.NameOf(caller, caller, stream));
            foreach (var upstream in DialectPairs.Dialects)
            {
                var name = DialectPairs.NameOf(caller, upstream, stream);
                var (cost, ratio) = (Cost(run, name), Cost(run, name) / own);
                worst = ratio > worst.Item2 ? (name, ratio) : worst;
                text.Append(double.IsNaN(ratio) ? " – |" : $" {cost:0.000} ({ratio:0.00}) |");
            }
            text.AppendLine();
        }
        var verdict = stream ? "" : worst.Item2 <= DialectPairs.Bar ? ": met" : ": **missed**";
        text.AppendLine().AppendLine($"- The dearest pair is {worst.Item1} with {worst.Item2:0.00}{verdict}.");
    }

    private static double Cost(BenchRun run, string measure)
    {
        var costs = run.Samples.Where(sample => sample.Measure == measure).Select(sample => sample.Figures["cpu_ms_per_request"]).Order().ToArray();
        return costs.Length == 0 ? double.NaN : (costs[costs.Length / 2] + costs[(costs.Length - 1) / 2]) / 2;
    }
}
