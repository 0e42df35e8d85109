using NewApi.ServiceDefaults.Hosting;

namespace NewApi.EndToEnd.Tests.Starting;

public sealed class DotEnvFileTests
{
    [Theory]
    [InlineData("A=b", "b")]
    [InlineData("  export A = b  ", "b")]
    [InlineData("A: b", "b")]
    [InlineData("A=b # comment", "b")]
    [InlineData("A=p#ss", "p#ss")]
    [InlineData("A=", "")]
    [InlineData("A=\"b # no comment\"", "b # no comment")]
    [InlineData("A='b\\n'", "b\\n")]
    [InlineData("A=\"b\\n\\\"c\\\"\"", "b\n\"c\"")]
    [InlineData("A=\"two\nlines\" # and a comment", "two\nlines")]
    [InlineData("A=postgres://u:p=w@h:5432/db?sslmode=disable", "postgres://u:p=w@h:5432/db?sslmode=disable")]
    [InlineData("A=b\r\n", "b")]
    public void One_variable_is_read(string text, string expected)
    {
        var mistakes = new List<string>();

        var variable = Assert.Single(DotEnvFile.Parse(text, mistakes));

        Assert.Equal("A", variable.Key);
        Assert.Equal(expected, variable.Value);
        Assert.Empty(mistakes);
    }

    [Fact]
    public void Lines_that_make_no_sense_are_named_by_number_and_skipped()
    {
        var mistakes = new List<string>();

        var variables = DotEnvFile.Parse("# start\n\nA=1\nnonsense\nB=\"x\ny\"\nC D=2\nE='open", mistakes);

        Assert.Equal(["A", "B"], variables.Select(variable => variable.Key));
        Assert.Equal(
            [".env line 4 is not NAME=value", ".env line 7 is not NAME=value", ".env line 8 opens a quote that is never closed"],
            mistakes);
    }
}
