using System.Globalization;

namespace NewApi.ServiceDefaults.Hosting;

/// <summary>
/// Where a process listens. PORT wins over <c>--port</c>; then come the variables that containers and Aspire set; then the default port
/// of the process. A bare port means all interfaces.
/// </summary>
internal static class ListenAddresses
{
    /// <returns>Addresses for Kestrel, separated by semicolons.</returns>
    public static string Choose(SettingsReader settings, string? flag, int defaultPort)
    {
        if (settings.Text("PORT") is not null)
        {
            return AllInterfaces(settings.Int("PORT", defaultPort, 0, 65535));
        }

        if (flag is not null)
        {
            if (!int.TryParse(flag, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
            {
                settings.Mistake("--port", "must be a number between 0 and 65535");
                port = defaultPort;
            }

            return AllInterfaces(port);
        }

        if ((settings.Text("ASPNETCORE_URLS") ?? settings.Text("DOTNET_URLS") ?? settings.Text("URLS")) is { } urls)
        {
            return urls;
        }

        if ((settings.Text("ASPNETCORE_HTTP_PORTS") ?? settings.Text("DOTNET_HTTP_PORTS") ?? settings.Text("HTTP_PORTS")) is { } ports)
        {
            return string.Join(';', ports.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"http://*:{port}"));
        }

        return AllInterfaces(defaultPort);
    }

    private static string AllInterfaces(int port) => $"http://*:{port}";
}
