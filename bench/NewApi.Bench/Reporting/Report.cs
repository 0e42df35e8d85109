using System.Text;
using System.Text.Json;

namespace NewApi.Bench.Reporting;

/// <summary>Medians over the rounds, as a table for people and as JSON for machines.</summary>
internal sealed class Report(BenchRun run, Conditions conditions)
{
    private static readonly string[] Order = ["direct", "nginx", "yarp", "newapi"];
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public async Task WriteAsync(CancellationToken ct)
    {
        var file = run.Options.Output ?? Path.Combine(
            run.Root, "bench", "results", $"{conditions.Started:yyyy-MM-dd-HHmm}{(run.Options.Quick ? "-quick" : "")}{(run.Options.Dialects ? "-dialects" : "")}.json");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { conditions, run.Notes, run.Samples }, Json) + "\n", ct);
        Console.WriteLine(Markdown());
        run.Say($"written to {file}");
    }

    private string Markdown()
    {
        var text = new StringBuilder();
        text.AppendLine($"{conditions.Started:yyyy-MM-dd HH:mm} UTC, commit {conditions.Commit}, {conditions.Processor}, {conditions.Cores} cores, "
            + $"{conditions.System}, {conditions.Runtime}, load average at start {conditions.LoadAverageAtStart}, {conditions.Asked}.");
        if (run.Options.Dialects)
        {
            text.AppendLine().Append(DialectReport.Markdown(run));
            return Noted(text);
        }
        text.AppendLine("Medians; the range over the rounds in brackets.");
        text.AppendLine();
        text.AppendLine("| Measure | direct | nginx | YARP | NewApi | NewApi / YARP | NewApi / nginx | Bar | |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var line in Line.All.Where(line => run.Samples.Any(sample => sample.Measure == line.Measure)))
        {
            text.Append($"| {line.Label} |");
            foreach (var target in Order)
            {
                text.Append($" {Cell(line, target)} |");
            }
            text.AppendLine($" {Ratio(line, "yarp")} | {Ratio(line, "nginx")} | {Bar(line)} | {Verdict(line)} |");
        }
        if (Money("newapi") is { } ours && Money("yarp") is { } theirs)
        {
            text.AppendLine().AppendLine(
                $"- Money on over money off, CPU: newapi {ours:0.00}; yarp, which has none and shows the noise, {theirs:0.00}.");
        }
        return Noted(text);
    }

    private string Noted(StringBuilder text)
    {
        foreach (var note in run.Notes)
        {
            text.AppendLine().AppendLine($"- {note}");
        }
        return text.ToString();
    }

    /// <summary>What a message that is charged costs over the same one that is not.</summary>
    private double? Money(string target)
    {
        var (billed, unbilled) = (Line.All.Single(line => line.Measure == "billed"), Line.All.Single(line => line.Measure == "unbilled"));
        return Values(billed, target) is { Count: > 0 } on && Values(unbilled, target) is { Count: > 0 } off ? Median(on) / Median(off) : null;
    }

    private string Cell(Line line, string target)
    {
        var values = Values(line, target);
        return values.Count switch
        {
            0 => "–",
            1 => values[0].ToString(line.Format),
            _ => $"{Median(values).ToString(line.Format)} ({values.Min().ToString(line.Format)}–{values.Max().ToString(line.Format)})",
        };
    }

    private string Ratio(Line line, string other) => Over(line, other) is { } ratio ? ratio.ToString("0.00") : "–";

    private double? Over(Line line, string other) =>
        Values(line, "newapi") is { Count: > 0 } ours && Values(line, other) is { Count: > 0 } theirs && Median(theirs) > 0
            ? Median(ours) / Median(theirs)
            : null;

    private static string Bar(Line line) => line switch
    {
        { OverYarp: { } ratio } => $"≤ {ratio:0.0} × YARP",
        { Highest: { } highest } => $"≤ {highest}",
        _ => "",
    };

    private string Verdict(Line line)
    {
        var ours = Values(line, "newapi");
        bool? met = line switch
        {
            _ when ours.Count == 0 => null,
            { OverYarp: { } bar } => Over(line, "yarp") is { } ratio ? ratio <= bar : null,
            { Highest: { } highest } => Median(ours) <= highest,
            _ => null,
        };
        return met switch { true => "met", false => "**missed**", null => "" };
    }

    private List<double> Values(Line line, string target)
    {
        var values = new List<double>();
        foreach (var sample in run.Samples.Where(sample => sample.Measure == line.Measure && sample.Target == target))
        {
            if (!sample.Figures.TryGetValue(line.Figure, out var value))
            {
                continue;
            }
            if (!line.Added)
            {
                values.Add(value);
                continue;
            }
            var floor = run.Samples.FirstOrDefault(
                other => other.Measure == line.Measure && other.Target == "direct" && other.Round == sample.Round);
            if (target != "direct" && floor is not null)
            {
                values.Add(value - floor.Figures[line.Figure]);
            }
        }
        return values;
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
