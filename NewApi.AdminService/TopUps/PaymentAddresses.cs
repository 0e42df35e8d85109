using NewApi.Domain.Options;

namespace NewApi.AdminService.TopUps;

/// <summary>Where providers report to and where payers come back to.</summary>
internal sealed class PaymentAddresses(AdminOptions admin)
{
    /// <summary>Address of a callback: behind a wall of its own where the operator says so, else where everything is.</summary>
    public static string Callback(GatewayOptions options, string path) =>
        (options.CustomCallbackAddress.TrimEnd('/') is { Length: > 0 } custom ? custom : options.ServerAddress) + path;

    /// <summary>Address of a page of the console.</summary>
    public static string Page(GatewayOptions options, string path) => options.ServerAddress + path;

    /// <summary>A payer must not be led from a payment to a stranger's page that looks like ours.</summary>
    public bool IsTrusted(GatewayOptions options, string? url)
    {
        if (string.IsNullOrEmpty(url))
        {
            return true;
        }
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
        {
            return false;
        }
        var host = uri.IdnHost;
        return (Uri.TryCreate(options.ServerAddress, UriKind.Absolute, out var own) && host.Equals(own.IdnHost, StringComparison.OrdinalIgnoreCase))
            || admin.TrustedRedirectDomains.Any(domain => host.Equals(domain, StringComparison.OrdinalIgnoreCase)
                || host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase));
    }
}
