using System.Text;
using NewApi.Domain;

namespace NewApi.Protocols.Tests.Conformance;

/// <summary>
/// Every dialect of a caller, every dialect of an upstream, every feature: the bytes that come out are the expected ones, and say the same
/// as those that went in, unless <see cref="Exceptions"/> tell why not.
/// </summary>
public sealed class ConformanceTests
{
    public static TheoryData<string, Leg, string, string> Cells => [.. Enum.GetValues<Leg>().SelectMany(leg => Input.All(leg))
        .SelectMany(input => Input.Dialects.Select(target => (input.Feature.Name, input.Leg, Input.Word(input.Dialect), Input.Word(target))))];

    public static TheoryData<string, string> Streams => [.. Input.All(Leg.Stream).Where(input => input.Feature.Inputs is null)
        .Select(input => (input.Feature.Name, Input.Word(input.Dialect)))];

    [Theory, MemberData(nameof(Cells))]
    public void Cell(string feature, Leg leg, string from, string to)
    {
        var input = InputOf(feature, leg, from);
        var target = Input.DialectOf(to);
        var outcome = Matrix.Translate(input, target);
        if (Input.IsWriting)
        {
            input.Write(dialect => Matrix.Translate(input, dialect).Text);
        }
        else
        {
            Assert.Equal(input.Expected(target), outcome.Text);
        }

        var reason = Exceptions.Reason(input, target);
        if (reason is null)
        {
            Assert.NotNull(outcome.Said);
            Assert.Equal(outcome.Said, outcome.Kept);
        }
        else
        {
            Assert.True(!outcome.Same, $"Works, and is still excused: {reason}");
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public void Stream_cut_at_every_byte_is_translated_the_same(string feature, string from)
    {
        var input = InputOf(feature, Leg.Stream, from);
        var length = input.Bytes.Length;
        foreach (var target in Input.Dialects)
        {
            var whole = Matrix.StreamCut(input, target, int.MaxValue);
            for (var cut = 1; cut < length; cut++)
            {
                Assert.Equal(whole, Matrix.StreamCut(input, target, cut));
            }
        }
    }

    [Fact]
    public void More_than_a_thousand_cells_are_compared() => Assert.True(Cells.Count > 1000, $"Only {Cells.Count}.");

    [Fact]
    public void Every_exception_excuses_something() => Assert.Empty(Exceptions.Unused());

    [Fact]
    public void Page_says_what_the_tests_found()
    {
        var page = ConformancePage.Write();
        var path = Path.Combine(Input.SourceFolder(), "..", "..", "..", "docs", "conformance.md");
        if (Input.IsWriting)
        {
            File.WriteAllText(path, page);
        }

        Assert.Equal(File.ReadAllText(path, Encoding.UTF8), page);
    }

    private static Input InputOf(string feature, Leg leg, string dialect) =>
        new((leg == Leg.Request ? Features.Requests : Features.Answers).First(one => one.Name == feature), leg, Input.DialectOf(dialect));
}
