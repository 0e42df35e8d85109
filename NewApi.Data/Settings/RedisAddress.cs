using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace NewApi.Data.Settings;

/// <summary>
/// Reads the forms of <c>REDIS_CONN_STRING</c> (specification: configuration §5): <c>redis://</c>, <c>rediss://</c> and <c>unix://</c>
/// URLs, and beyond them the list form of StackExchange.Redis, which knows sentinels and clusters.
/// </summary>
internal static class RedisAddress
{
    /// <exception cref="FormatException">The message says what is wrong without repeating the text, which may hold a password.</exception>
    public static ConfigurationOptions Parse(string text)
    {
        text = text.Trim();
        var options = text.Contains("://", StringComparison.Ordinal) ? Url(text) : Keywords(text);
        options.ClientName ??= "newapi";
        return options;
    }

    private static ConfigurationOptions Keywords(string text)
    {
        try
        {
            var options = ConfigurationOptions.Parse(text);
            return options.EndPoints.Count > 0 ? options : throw new FormatException("names no server");
        }
        catch (ArgumentException)
        {
            throw new FormatException("must be redis://[user[:password]@]host[:port][/db], or host1:6379,host2:6379,option=value");
        }
    }

    // redis://user:password@host:6379/0?dial_timeout=5s
    private static ConfigurationOptions Url(string text)
    {
        var scheme = text[..text.IndexOf("://", StringComparison.Ordinal)].ToLowerInvariant();
        var rest = text[(scheme.Length + 3)..];
        var mark = rest.LastIndexOf('?');
        var query = mark < 0 ? "" : rest[(mark + 1)..];
        var head = mark < 0 ? rest : rest[..mark];
        var at = head.LastIndexOf('@');
        var login = at < 0 ? "" : head[..at];
        var place = head[(at + 1)..];

        var options = new ConfigurationOptions { ConnectTimeout = 5000 };
        var colon = login.IndexOf(':', StringComparison.Ordinal);
        if (login.Length > 0)
        {
            var user = Uri.UnescapeDataString(colon < 0 ? login : login[..colon]);
            options.User = user.Length == 0 ? null : user;
            options.Password = colon < 0 ? null : Uri.UnescapeDataString(login[(colon + 1)..]);
        }

        switch (scheme)
        {
            case "unix":
                if (!place.StartsWith('/'))
                {
                    throw new FormatException("must name a socket, as in unix:///run/redis.sock");
                }

                options.EndPoints.Add(new UnixDomainSocketEndPoint(Uri.UnescapeDataString(place)));
                break;
            case "redis" or "rediss":
                SetServer(options, place, scheme == "rediss");
                break;
            default:
                throw new FormatException("must start with redis://, rediss:// or unix://");
        }

        foreach (var (name, value) in QueryText.Read(query))
        {
            switch (name)
            {
                case "db":
                    options.DefaultDatabase = Number(value, "has a db that is not a number");
                    break;
                case "dial_timeout":
                    options.ConnectTimeout = Math.Max(1, GoDuration.Seconds(name, value)) * 1000;
                    break;
                case "read_timeout" or "write_timeout":
                    options.AsyncTimeout = options.SyncTimeout = Math.Max(1, GoDuration.Seconds(name, value)) * 1000;
                    break;
                case "client_name":
                    options.ClientName = value;
                    break;
                case "skip_verify" when value is "true" or "1" && scheme == "rediss":
#pragma warning disable CA5359 // The operator asked for it by name.
                    options.CertificateValidation += static (_, _, _, _) => true;
#pragma warning restore CA5359
                    break;
            }
        }

        return options;
    }

    private static void SetServer(ConfigurationOptions options, string place, bool encrypted)
    {
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        var server = slash < 0 ? place : place[..slash];
        var path = slash < 0 ? "" : place[(slash + 1)..].Trim('/');
        var (host, port) = (server, 6379);
        var colon = server.LastIndexOf(':');
        if (colon >= 0 && !server.EndsWith(']'))
        {
            host = server[..colon];
            port = server.Length == colon + 1 ? 6379 : Number(server[(colon + 1)..], "has a port that is not a number");
        }

        host = host.Length == 0 ? "localhost" : host.Trim('[', ']');
        options.EndPoints.Add(IPAddress.TryParse(host, out var ip) ? new IPEndPoint(ip, port) : new DnsEndPoint(host, port));
        if (path.Length > 0)
        {
            options.DefaultDatabase = Number(path, "has a database that is not a number");
        }

        if (encrypted)
        {
            options.Ssl = true;
            options.SslHost = host;
        }
    }

    private static int Number(string text, string wrong) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= 65535
            ? value
            : throw new FormatException(wrong);
}
