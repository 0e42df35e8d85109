using System.Reflection;

namespace NewApi.ServiceDefaults;

/// <summary>Who this process is among the others that share its database.</summary>
/// <param name="Name">NODE_NAME, or the machine's name and the process id.</param>
/// <param name="IsSlave">NODE_TYPE is exactly <c>slave</c>: this node neither migrates nor takes job leases.</param>
/// <param name="Version">VERSION, or the version of the build.</param>
/// <param name="StartedAt">When the process came up.</param>
public sealed record GatewayNode(string Name, bool IsSlave, string Version, DateTimeOffset StartedAt)
{
    /// <summary>The version of the build without its source revision.</summary>
    public static string BuildVersion { get; } = typeof(GatewayNode).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Reads the node from NODE_NAME, NODE_TYPE and VERSION.</summary>
    public static GatewayNode Read(SettingsReader settings) => new(
        settings.Text("NODE_NAME") ?? $"{Environment.MachineName}/{Environment.ProcessId}",
        settings.Text("NODE_TYPE") is "slave",
        settings.Text("VERSION") ?? BuildVersion,
        TimeProvider.System.GetUtcNow());
}
