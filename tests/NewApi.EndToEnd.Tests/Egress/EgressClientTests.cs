using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.EndToEnd.Tests.Egress;

public sealed class EgressClientTests
{
    private static readonly EgressLimits Limits = new(1024, TimeSpan.FromSeconds(20));

    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://127.1/")]
    [InlineData("http://0x7f.0.0.1/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0.0.0.0/")]
    [InlineData("http://0/")]
    [InlineData("http://10.1.2.3/")]
    [InlineData("http://172.31.255.255/")]
    [InlineData("http://192.168.0.1/")]
    [InlineData("http://100.64.0.1/")]
    [InlineData("http://100.127.255.254/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://192.0.0.192/")]
    [InlineData("http://198.18.0.1/")]
    [InlineData("http://224.0.0.1/")]
    [InlineData("http://255.255.255.255/")]
    [InlineData("http://[::]/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[::ffff:a9fe:a9fe]/")]
    [InlineData("http://[::ffff:0:10.0.0.1]/")]
    [InlineData("http://[::127.0.0.1]/")]
    [InlineData("http://[64:ff9b::7f00:1]/")]
    [InlineData("http://[64:ff9b::a9fe:a9fe]/")]
    [InlineData("http://[64:ff9b:1::1]/")]
    [InlineData("http://[2002:7f00:1::]/")]
    [InlineData("http://[2001:0:7f00:1::]/")]
    [InlineData("http://[2001:db8::1]/")]
    [InlineData("http://[fe80::1]/")]
    [InlineData("http://[fd00:ec2::254]/")]
    [InlineData("http://[fec0::1]/")]
    [InlineData("http://[ff02::1]/")]
    public async Task Address_that_is_not_global_is_refused(string address)
    {
        var web = new FakeInternet();

        await Assert.ThrowsAsync<EgressRefusedException>(() => web.Client.GetAsync(new Uri(address), EgressRules.Internet, Limits, _ct));
        Assert.Empty(web.Connected);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://example.com/")]
    [InlineData("ftp://example.com/")]
    [InlineData("http://user:secret@example.com/")]
    public async Task Address_that_is_not_plain_http_is_refused(string address)
    {
        var web = new FakeInternet();

        var refusal = await Assert.ThrowsAsync<EgressRefusedException>(
            () => web.Client.GetAsync(new Uri(address), new EgressRules { Protected = false }, Limits, _ct));
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("8.8.8.8", "10.0.0.1")]
    [InlineData("fe80::1")]
    public async Task Name_with_an_address_that_is_not_global_is_refused(params string[] addresses)
    {
        var web = new FakeInternet { ["inside.example"] = addresses };

        await Assert.ThrowsAsync<EgressRefusedException>(
            () => web.Client.GetAsync(new Uri("http://inside.example/"), EgressRules.Internet, Limits, _ct));
        Assert.Empty(web.Connected);
    }

    [Fact]
    public async Task Name_is_resolved_once_and_the_checked_address_is_connected_to()
    {
        var web = new FakeInternet("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}") { ["example.com"] = ["93.184.215.14"] };
        web.Rebind("example.com", "127.0.0.1");

        var reply = await web.Client.GetAsync(new Uri("http://example.com/prices"), EgressRules.Internet, Limits, _ct);

        Assert.Equal((200, "application/json", "{}"), (reply.Status, reply.MediaType, Encoding.UTF8.GetString(reply.Body)));
        Assert.Equal(["93.184.215.14:80"], web.Connected);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/")]
    [InlineData("http://inside.example/")]
    [InlineData("//127.0.0.1:6379/")]
    [InlineData("file:///etc/passwd")]
    public async Task Redirect_is_checked_like_a_first_address(string location)
    {
        var web = new FakeInternet($"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
        {
            ["example.com"] = ["93.184.215.14"],
            ["inside.example"] = ["10.0.0.5"],
        };

        await Assert.ThrowsAsync<EgressRefusedException>(
            () => web.Client.GetAsync(new Uri("http://example.com/"), EgressRules.Internet, Limits, _ct));
        Assert.Equal(["93.184.215.14:80"], web.Connected);
    }

    [Fact]
    public async Task Credentials_do_not_follow_to_another_origin()
    {
        var web = new FakeInternet(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        {
            ["example.com"] = ["93.184.215.14"],
            ["other.example"] = ["93.184.215.15"],
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://example.com/");
        request.Headers.Add("Authorization", "Bearer secret");
        request.Headers.Add("X-Api-Key", "secret");
        request.Headers.Add("Accept", "image/png");

        await web.Client.ReadAsync(request, EgressRules.Internet, Limits, _ct);

        Assert.Equal(2, web.Received.Count);
        Assert.Contains("secret", web.Received[0], StringComparison.Ordinal);
        Assert.DoesNotContain("secret", web.Received[1], StringComparison.Ordinal);
        Assert.Contains("image/png", web.Received[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endless_redirects_end()
    {
        var web = new FakeInternet([.. Enumerable.Repeat("HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", 10)])
        {
            ["example.com"] = ["93.184.215.14"],
        };

        await Assert.ThrowsAsync<EgressRefusedException>(
            () => web.Client.GetAsync(new Uri("http://example.com/"), EgressRules.Internet, Limits, _ct));
        Assert.Equal(6, web.Received.Count);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n")]
    public async Task Answer_beyond_the_limit_is_not_read(string start)
    {
        var web = new FakeInternet(start + new string('x', 0x800) + "\r\n0\r\n\r\n") { ["example.com"] = ["93.184.215.14"] };

        await Assert.ThrowsAsync<EgressRefusedException>(
            () => web.Client.GetAsync(new Uri("http://example.com/"), EgressRules.Internet, Limits, _ct));
    }

    [Fact]
    public async Task Private_networks_open_by_setting_and_a_cloud_s_credentials_never_do()
    {
        var web = new FakeInternet("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") { ["intranet"] = ["192.168.1.7"] };

        var reply = await web.Client.GetAsync(new Uri("http://intranet/"), EgressRules.OwnNetworks, Limits, _ct);

        Assert.True(reply.IsSuccess);
        await Assert.ThrowsAsync<EgressRefusedException>(
            () => web.Client.GetAsync(new Uri("http://169.254.169.254/"), EgressRules.OwnNetworks, Limits, _ct));
    }

    [Fact]
    public async Task Connection_of_mild_rules_does_not_serve_strict_ones()
    {
        var web = new FakeInternet("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") { ["intranet"] = ["192.168.1.7"] };
        await web.Client.GetAsync(new Uri("http://intranet/"), EgressRules.OwnNetworks, Limits, _ct);

        await Assert.ThrowsAsync<EgressRefusedException>(
            () => web.Client.GetAsync(new Uri("http://intranet/"), EgressRules.Internet, Limits, _ct));
    }

    [Theory]
    [InlineData("http://example.com:8443/", true)]
    [InlineData("http://example.com:22/", false)]
    [InlineData("http://api.example.com:9050/", true)]
    [InlineData("http://evil.example:8443/", false)]
    [InlineData("http://EVIL.example.:8443/", false)]
    [InlineData("http://sub.evil.example:8443/", true)]
    public void Ports_and_names_are_filtered(string address, bool allowed)
    {
        var rules = new EgressRules { Ports = ["80", "443", "8443", "9000-9099"], Domains = ["evil.example"] };

        Assert.Equal(allowed, rules.Refuse(new Uri(address)) is null);
    }

    [Theory]
    [InlineData("http://example.com/", true)]
    [InlineData("http://a.b.trusted.example/", true)]
    [InlineData("http://trusted.example/", false)]
    [InlineData("http://nottrusted.example/", false)]
    [InlineData("http://other.com/", false)]
    public void Only_listed_names_pass_an_allow_list(string address, bool allowed)
    {
        var rules = new EgressRules { Domains = ["example.com", "*.trusted.example"], OnlyDomains = true };

        Assert.Equal(allowed, rules.Refuse(new Uri(address)) is null);
    }

    [Theory]
    [InlineData("8.8.8.8", false, false, false)]
    [InlineData("9.9.9.9", false, false, true)]
    [InlineData("8.8.8.8", true, false, true)]
    [InlineData("8.8.8.8", true, true, false)]
    public void Addresses_are_filtered_behind_names_only_when_asked_for(string address, bool named, bool ofNames, bool admitted)
    {
        var rules = new EgressRules { Addresses = ["8.8.8.0/24"], AddressesOfNames = ofNames };

        Assert.Equal(admitted, rules.Admits(IPAddress.Parse(address), named));
    }

    [Fact]
    public async Task Unreachable_host_is_an_ordinary_failure()
    {
        var web = new FakeInternet();

        await Assert.ThrowsAsync<HttpRequestException>(
            () => web.Client.GetAsync(new Uri("http://nowhere.example/"), EgressRules.Internet, Limits, _ct));
    }

    /// <summary>A resolver with a list of names, and connections that answer from a list of replies and go nowhere.</summary>
    private sealed class FakeInternet(params string[] replies) : System.Collections.IEnumerable
    {
        private readonly Dictionary<string, Queue<string[]>> _names = new(StringComparer.OrdinalIgnoreCase);
        private readonly Queue<string> _replies = new(replies);

        public EgressClient Client => field ??= new EgressClient(Resolve, Connect);

        public List<string> Connected { get; } = [];

        public List<string> Received { get; } = [];

        public string[] this[string name]
        {
            set => _names[name] = new Queue<string[]>([value]);
        }

        public void Rebind(string name, string address) => _names[name].Enqueue([address]);

        public System.Collections.IEnumerator GetEnumerator() => Connected.GetEnumerator();

        private Task<IPAddress[]> Resolve(string name, CancellationToken cancel) =>
            _names.TryGetValue(name, out var answers)
                ? Task.FromResult(Array.ConvertAll(answers.Count > 1 ? answers.Dequeue() : answers.Peek(), IPAddress.Parse))
                : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));

        private ValueTask<Stream> Connect(IPEndPoint endpoint, CancellationToken cancel)
        {
            Connected.Add(endpoint.ToString());
            return new ValueTask<Stream>(new Wire(this));
        }

        /// <summary>Answers each request head with the next reply.</summary>
        private sealed class Wire(FakeInternet web) : Stream
        {
            private readonly Pipe _reply = new();
            private string _head = "";

            public override bool CanRead => true;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => throw new NotSupportedException();

            public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

            public override void Flush()
            {
            }

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
                _reply.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);

            public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            {
                _head += Encoding.ASCII.GetString(buffer.Span);
                if (_head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                {
                    web.Received.Add(_head);
                    _head = "";
                    await _reply.Writer.WriteAsync(Encoding.ASCII.GetBytes(web._replies.Dequeue()), cancellationToken);
                }
            }

            public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();
        }
    }
}
