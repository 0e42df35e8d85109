using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace NewApi.ServiceDefaults.Egress;

/// <summary>
/// The one way out to an address that a user, or a catalogue on the internet, chose. A name is resolved once, the addresses are checked,
/// and the connection goes to a checked address, so that a name cannot mean something else a moment later; every redirect is checked
/// again. Never for upstreams of channels, whose addresses administrators decide.
/// </summary>
public sealed class EgressClient
{
    private const int MostRedirects = 5;

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    private readonly ConditionalWeakTable<EgressRules, HttpMessageInvoker> _transports = [];
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly Func<IPEndPoint, CancellationToken, ValueTask<Stream>> _connect;

    public EgressClient()
        : this(Dns.GetHostAddressesAsync, ConnectAsync)
    {
    }

    internal EgressClient(
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        Func<IPEndPoint, CancellationToken, ValueTask<Stream>> connect)
    {
        _resolve = resolve;
        _connect = connect;
    }

    /// <summary>
    /// Sends a request and returns as soon as the headers of the answer are there. Redirects of GET and HEAD are followed, those of other
    /// methods are the caller's to see. Credentials do not follow to another origin.
    /// </summary>
    /// <exception cref="EgressRefusedException">The address, or one that it leads to, may not be called.</exception>
    /// <exception cref="HttpRequestException">The other side cannot be reached.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, EgressRules rules, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(rules);
        var transport = _transports.GetValue(rules, Transport);
        var address = request.RequestUri ?? throw new EgressRefusedException("There is no address.");
        for (var redirects = 0; ; redirects++)
        {
            if (rules.Refuse(address) is { } reason)
            {
                throw new EgressRefusedException(reason);
            }
            using var next = redirects == 0 ? null : Follow(request, address);
            var response = await SendAsync(transport, next ?? request, cancel);
            if (!IsRedirect(response) || (request.Method != HttpMethod.Get && request.Method != HttpMethod.Head))
            {
                return response;
            }
            var location = response.Headers.Location!;
            response.Dispose();
            if (redirects == MostRedirects)
            {
                throw new EgressRefusedException("The address redirects too often.");
            }
            address = new Uri(address, location);
        }
    }

    /// <summary>Sends a request and reads the whole answer, up to the limits.</summary>
    /// <inheritdoc cref="SendAsync(HttpRequestMessage, EgressRules, CancellationToken)"/>
    /// <exception cref="TimeoutException">The answer took longer than allowed.</exception>
    public async Task<EgressReply> ReadAsync(HttpRequestMessage request, EgressRules rules, EgressLimits limits, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limits.Patience);
        try
        {
            using var response = await SendAsync(request, rules, deadline.Token);
            var length = response.Content.Headers.ContentLength;
            if (length > limits.MostBytes)
            {
                throw new EgressRefusedException("The answer is too large.");
            }
            await using var body = await response.Content.ReadAsStreamAsync(deadline.Token);
            using var bytes = new MemoryStream((int)Math.Min(length ?? 0, limits.MostBytes));
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await body.ReadAsync(buffer, deadline.Token)) > 0)
            {
                // Counted after decompression: a small answer may unfold into a large one.
                if (bytes.Length + read > limits.MostBytes)
                {
                    throw new EgressRefusedException("The answer is too large.");
                }
                bytes.Write(buffer, 0, read);
            }
            return new EgressReply((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, bytes.ToArray());
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException("The answer took too long.");
        }
        catch (IOException error)
        {
            throw new HttpRequestException("The answer broke off.", error);
        }
    }

    /// <summary>Reads what is behind an address, up to the limits.</summary>
    /// <inheritdoc cref="ReadAsync(HttpRequestMessage, EgressRules, EgressLimits, CancellationToken)"/>
    public async Task<EgressReply> GetAsync(Uri address, EgressRules rules, EgressLimits limits, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        return await ReadAsync(request, rules, limits, cancel);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker transport, HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            return await transport.SendAsync(request, cancel);
        }
        catch (HttpRequestException error) when (error.InnerException is EgressRefusedException refused)
        {
            throw new EgressRefusedException(refused.Message, error);
        }
    }

    /// <summary>One pool of connections per set of rules: a connection that was opened under mild rules never serves strict ones.</summary>
    private HttpMessageInvoker Transport(EgressRules rules) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        // A proxy would resolve names by itself, and what it finds could not be checked.
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = ConnectPatience,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
        MaxResponseHeadersLength = 64,
        ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint, rules, cancel),
    });

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint target, EgressRules rules, CancellationToken cancel)
    {
        // TryParse reads every spelling of an address that a resolver would, such as 0x7f.1 and 2130706433.
        var named = !IPAddress.TryParse(target.Host, out var literal);
        var addresses = named ? await ResolveAsync(target.Host, cancel) : [literal!];
        // A name with one bad address is a bad name: which of its addresses is tried must not decide.
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, address => rules.Admits(address, named)))
        {
            throw new EgressRefusedException("The host of the address is not one that may be called.");
        }
        for (var index = 0; ; index++)
        {
            try
            {
                return await _connect(new IPEndPoint(addresses[index], target.Port), cancel);
            }
            catch (SocketException) when (index < addresses.Length - 1)
            {
                // The next address may be the one that is up.
            }
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancel)
    {
        try
        {
            return await _resolve(host, cancel);
        }
        catch (SocketException error)
        {
            throw new HttpRequestException("The host of the address is not known.", error);
        }
    }

    private static async ValueTask<Stream> ConnectAsync(IPEndPoint endpoint, CancellationToken cancel)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static HttpRequestMessage Follow(HttpRequestMessage first, Uri address)
    {
        var next = new HttpRequestMessage(first.Method, address);
        var sameOrigin = Uri.Compare(
            first.RequestUri, address, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;
        foreach (var header in first.Headers)
        {
            // Unknown headers may be keys too (x-api-key): only what describes the answer goes along.
            if (sameOrigin || header.Key is "Accept" or "Accept-Language" or "Range" or "User-Agent")
            {
                next.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }
        return next;
    }

    private static bool IsRedirect(HttpResponseMessage response) =>
        response.Headers.Location is not null && response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found
            or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
}

/// <summary>An address may not be called, or what it answers may not be read. The message is fit for whoever chose the address.</summary>
public sealed class EgressRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>How much is read of an answer, and how long anybody waits for it.</summary>
public readonly record struct EgressLimits(long MostBytes, TimeSpan Patience);

/// <summary>A whole answer.</summary>
public sealed record EgressReply(int Status, string? MediaType, byte[] Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;
}
