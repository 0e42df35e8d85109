using System.Text;

namespace NewApi.Protocols.Tests.Conformance;

/// <summary>Writes docs/conformance.md from what the matrix finds.</summary>
internal static class ConformancePage
{
    public static string Write()
    {
        var reasons = new List<string>();
        var page = new StringBuilder();
        page.Append("""
            # Conformance of the dialects

            Any caller may speak OpenAI chat (C), Anthropic messages (M), OpenAI responses (R) or Gemini content (G), whatever the upstream of
            the model speaks. Where both speak alike, bodies pass as they are; where they differ, they are translated. This page says what
            survives. It is written by the tests (`tests/NewApi.Protocols.Tests/Conformance`), each cell from a golden file: **●** is the same
            on the other side, a number is a note below, **·** means that the sender has no word for it. Cells are of models that take all of their
            dialect: Claude before Opus 4.1 and before the others' 4.5 gets a JSON schema as an instruction, and no function as a strict one.


            """);
        Table(page, reasons, "Requests", "caller to upstream", Features.Requests, [Leg.Request]);
        Table(page, reasons, "Answers", "upstream to caller, whole and streamed", Features.Answers, [Leg.Answer, Leg.Stream]);
        page.Append("## Notes\n\n");
        for (var at = 0; at < reasons.Count; at++)
        {
            page.Append(at + 1).Append(". ").Append(reasons[at]).Append('\n');
        }

        return page.ToString();
    }

    private static void Table(StringBuilder page, List<string> reasons, string title, string direction, IReadOnlyList<Feature> features, Leg[] legs)
    {
        var pairs = (from one in Input.Dialects from other in Input.Dialects where one != other select (one, other)).ToList();
        page.Append($"## {title} ({direction})\n\n| |");
        foreach (var (one, other) in pairs)
        {
            page.Append($" {Letter(one)}→{Letter(other)} |");
        }

        page.Append("\n|---|").Append(string.Concat(Enumerable.Repeat(":-:|", pairs.Count))).Append('\n');
        foreach (var feature in features)
        {
            page.Append($"| {feature.Name} |");
            foreach (var (one, other) in pairs)
            {
                var cells = legs.SelectMany(leg => Input.All(leg)).Where(input => input.Feature == feature && input.Dialect == one)
                    .Select(input => Mark(Exceptions.Reason(input, other), reasons)).Distinct().ToList();
                page.Append($" {(cells.Count == 0 ? "·" : string.Join(' ', cells))} |");
            }

            page.Append('\n');
        }

        page.Append('\n');
    }

    private static string Mark(string? reason, List<string> reasons)
    {
        if (reason is null)
        {
            return "●";
        }

        var at = reasons.IndexOf(reason);
        if (at < 0)
        {
            at = reasons.Count;
            reasons.Add(reason);
        }

        return (at + 1).ToString();
    }

    private static char Letter(Domain.Dialect dialect) => char.ToUpperInvariant(Input.Word(dialect)[0]);
}
