using System.Net;
using System.Net.Sockets;
using System.Text;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.RelayService.Tests.Failover;

/// <summary>Proxies of channels, in every spelling in which operators write them.</summary>
public sealed class ProxyTests
{
    [Theory]
    [InlineData("http://proxy:3128", "http://proxy:3128/")]
    [InlineData("proxy:3128", "http://proxy:3128/")]
    [InlineData("https://user:word@proxy", "https://user:word@proxy/")]
    [InlineData("SOCKS5://proxy:1080", "socks5://proxy:1080/")]
    [InlineData("socks5h://user:word@proxy:1080", "socks5://user:word@proxy:1080/")]
    [InlineData("ftp://proxy", null)]
    [InlineData("http://", null)]
    [InlineData("http://proxy:99999", null)]
    [InlineData("no proxy", null)]
    public void Address_is_read_as_operators_write_it(string text, string? expected) =>
        Assert.Equal(expected, ProxyAddress.Parse(text)?.AbsoluteUri);

    [Theory]
    [InlineData("socks5")]
    [InlineData("socks5h")]
    public async Task Socks_proxy_gets_the_name_of_the_host_and_the_password(string scheme)
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        using var clients = new UpstreamClients(new UpstreamConnections(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), SkipCertificateCheck: false));
        var asked = ServeAsync(proxy);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://upstream.test/");

        await Assert.ThrowsAsync<HttpRequestException>(() => clients
            .For($"{scheme}://alice:a%20word@127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}")
            .SendAsync(request, TestContext.Current.CancellationToken));

        Assert.Equal(("alice", "a word", "upstream.test"), await asked);
    }

    /// <summary>A proxy that reads what it is told (RFC 1928 and 1929) and then refuses.</summary>
    private static async Task<(string User, string Password, string Host)> ServeAsync(TcpListener proxy)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var client = await proxy.AcceptTcpClientAsync(cancel);
        var stream = client.GetStream();
        await ReadAsync((await ReadAsync(2))[1]);
        await stream.WriteAsync(new byte[] { 5, 2 }, cancel);
        var user = await ReadAsync((await ReadAsync(2))[1]);
        var password = await ReadAsync((await ReadAsync(1))[0]);
        await stream.WriteAsync(new byte[] { 1, 0 }, cancel);
        var head = await ReadAsync(4);
        Assert.Equal(3, head[3]);
        var host = await ReadAsync((await ReadAsync(1))[0]);
        await ReadAsync(2);
        await stream.WriteAsync(new byte[] { 5, 2, 0, 1, 0, 0, 0, 0, 0, 0 }, cancel);
        return (Encoding.ASCII.GetString(user), Encoding.ASCII.GetString(password), Encoding.ASCII.GetString(host));

        async Task<byte[]> ReadAsync(int count)
        {
            var bytes = new byte[count];
            await stream.ReadExactlyAsync(bytes, cancel);
            return bytes;
        }
    }
}
