using System.Net;
using Microsoft.AspNetCore.Http;
using NewApi.ServiceDefaults;

namespace NewApi.EndToEnd.Tests.Starting;

public sealed class TrustedProxiesTests
{
    [Theory]
    [InlineData(null, null, "10.0.0.1")]
    [InlineData("203.0.113.9, 10.0.0.2", null, "203.0.113.9")]
    [InlineData("203.0.113.9:51234", null, "203.0.113.9")]
    [InlineData("[2001:db8::1]:51234", null, "2001:db8::1")]
    [InlineData(null, "203.0.113.9", "203.0.113.9")]
    [InlineData("nonsense", "203.0.113.9", "203.0.113.9")]
    [InlineData("nonsense", null, "10.0.0.1")]
    public void Everybody_is_believed_by_default(string? forwarded, string? real, string expected) =>
        Assert.Equal(expected, Client(null, "::ffff:10.0.0.1", forwarded, real));

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.1", "198.51.100.7, 203.0.113.9, 10.0.0.2", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3")]
    [InlineData("10.0.0.0/8", "192.0.2.1", "203.0.113.9", "192.0.2.1")]
    [InlineData("192.0.2.1", "192.0.2.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "10.0.0.1", "nonsense, 203.0.113.9", "203.0.113.9")]
    [InlineData("none", "10.0.0.1", "203.0.113.9", "10.0.0.1")]
    public void Only_the_word_of_trusted_proxies_counts(string trusted, string peer, string forwarded, string expected) =>
        Assert.Equal(expected, Client(trusted, peer, forwarded, null));

    [Fact]
    public void Connection_without_an_address_is_local()
    {
        Assert.Equal(IPAddress.Loopback, ClientAddress.Of(new DefaultHttpContext()));
    }

    private static string Client(string? trusted, string peer, string? forwarded, string? real)
    {
        var settings = SettingsReaderTests.Read(("TRUSTED_PROXIES", trusted ?? ""));
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        if (forwarded is not null)
        {
            context.Request.Headers["X-Forwarded-For"] = forwarded;
        }

        if (real is not null)
        {
            context.Request.Headers["X-Real-IP"] = real;
        }

        var client = TrustedProxies.Read(settings).ClientOf(context).ToString();
        Assert.Empty(settings.Mistakes);
        return client;
    }
}
