using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace NewApi.ServiceDefaults.Logging;

/// <summary>One line per event on the console and in a file (specification: configuration §9).</summary>
internal static class GatewayLogging
{
    public static void AddGatewayLogging(this IHostApplicationBuilder builder, string? directoryFlag)
    {
        var settings = builder.Settings();
        var directory = directoryFlag ?? settings.Text("LOG_DIR") ?? "logs";
        LogFile? file = null;
        if (directory.Length > 0 && settings.Mistakes.Count == 0)
        {
            try
            {
                file = LogFile.Open(Path.GetFullPath(directory), TimeProvider.System);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                settings.Mistake(directoryFlag is null ? "LOG_DIR" : "--log-dir", $"names a folder that cannot be written: {problem.Message}");
            }
        }

        var debug = settings.StrictFlag("DEBUG");
        var logging = builder.Logging;
        logging.SetMinimumLevel(debug ? LogLevel.Debug : LogLevel.Information);
        foreach (var library in (string[])["Microsoft", "System", "Yarp", "Polly", "FluentMigrator", "LinqToDB"])
        {
            logging.AddFilter(library, debug ? LogLevel.Information : LogLevel.Warning);
        }

        if (!debug)
        {
            // The caller is told with a 502, and a stack per refused connection would drown everything else.
            logging.AddFilter("Yarp.ReverseProxy.Forwarder.HttpForwarder", LogLevel.Error);

            // As long as this category may log anything at all, every request pays for an activity and a scope.
            logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        }

        // Logging__LogLevel__<category>=<level> has the last word, as in any .NET service.
        logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
        logging.Services.AddSingleton<ILoggerProvider>(_ => new LineLoggerProvider(file, TimeProvider.System));
    }
}
