using Microsoft.Extensions.Configuration;
using NewApi.ServiceDefaults;

namespace NewApi.EndToEnd.Tests.Starting;

public sealed class SettingsReaderTests
{
    [Theory]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("True", true)]
    [InlineData("0", false)]
    [InlineData("F", false)]
    [InlineData("FALSE", false)]
    public void Switches_take_the_spellings_of_the_reference(string text, bool expected)
    {
        var settings = Read(("SWITCH", text));

        Assert.Equal(expected, settings.Flag("SWITCH", !expected));
        Assert.Empty(settings.Mistakes);
    }

    [Fact]
    public void Wrong_switch_keeps_the_fallback_and_is_a_mistake()
    {
        var settings = Read(("SWITCH", "yes"));

        Assert.True(settings.Flag("SWITCH", true));
        Assert.Equal(["SWITCH must be true or false"], settings.Mistakes);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("1", false)]
    [InlineData("TRUE", false)]
    public void Strict_switch_takes_only_the_exact_word(string text, bool expected)
    {
        var settings = Read(("DEBUG", text));

        Assert.Equal(expected, settings.StrictFlag("DEBUG"));
        Assert.Empty(settings.Mistakes);
    }

    [Theory]
    [InlineData("", 60, 0)]
    [InlineData(" 5 ", 5, 0)]
    [InlineData("0", 60, 1)]
    [InlineData("1.5", 60, 1)]
    [InlineData("99999999999999999999", 60, 1)]
    public void Numbers_outside_of_their_bounds_are_mistakes(string text, int expected, int mistakes)
    {
        var settings = Read(("SYNC_FREQUENCY", text));

        Assert.Equal(expected, settings.Int("SYNC_FREQUENCY", 60, 1, 86400));
        Assert.Equal(mistakes, settings.Mistakes.Count);
    }

    [Fact]
    public void Mistake_read_twice_is_told_once_and_never_repeats_the_value()
    {
        var settings = Read(("SYNC_FREQUENCY", "sk-a-secret-in-the-wrong-place"));

        settings.Int("SYNC_FREQUENCY", 60);
        settings.Seconds("SYNC_FREQUENCY", 60);

        Assert.DoesNotContain("secret", Assert.Single(settings.Mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_lose_blanks_and_empty_items()
    {
        Assert.Equal(["a", "b"], Read(("HOSTS", " a ,, b,")).List("HOSTS"));
        Assert.Empty(Read().List("HOSTS"));
    }

    internal static SettingsReader Read(params (string Name, string Value)[] variables) =>
        new(new ConfigurationBuilder()
            .AddInMemoryCollection(variables.Select(variable => new KeyValuePair<string, string?>(variable.Name, variable.Value)))
            .Build());
}
