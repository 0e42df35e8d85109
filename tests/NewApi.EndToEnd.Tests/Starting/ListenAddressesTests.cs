using NewApi.ServiceDefaults.Hosting;

namespace NewApi.EndToEnd.Tests.Starting;

public sealed class ListenAddressesTests
{
    [Fact]
    public void Port_variable_wins_over_the_flag_and_everything_else()
    {
        Assert.Equal("http://*:4000", Choose("5000", ("PORT", "4000"), ("ASPNETCORE_URLS", "http://localhost:1")));
        Assert.Equal("http://*:5000", Choose("5000", ("ASPNETCORE_URLS", "http://localhost:1")));
        Assert.Equal("http://localhost:1", Choose(null, ("ASPNETCORE_URLS", "http://localhost:1"), ("ASPNETCORE_HTTP_PORTS", "8080")));
        Assert.Equal("http://*:8080;http://*:8081", Choose(null, ("ASPNETCORE_HTTP_PORTS", "8080;8081")));
        Assert.Equal("http://*:3000", Choose(null));
    }

    [Theory]
    [InlineData("three thousand")]
    [InlineData("65536")]
    [InlineData("-1")]
    public void Ports_that_are_none_are_mistakes(string port)
    {
        var settings = SettingsReaderTests.Read();

        ListenAddresses.Choose(settings, port, 3000);

        Assert.StartsWith("--port ", Assert.Single(settings.Mistakes), StringComparison.Ordinal);
    }

    private static string Choose(string? flag, params (string Name, string Value)[] variables)
    {
        var settings = SettingsReaderTests.Read(variables);
        var addresses = ListenAddresses.Choose(settings, flag, 3000);
        Assert.Empty(settings.Mistakes);
        return addresses;
    }
}
