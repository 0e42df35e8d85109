using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NewApi.ServiceDefaults.Hosting;
using NewApi.ServiceDefaults.Logging;

namespace NewApi.ServiceDefaults;

/// <summary>What every gateway process does before its modules come in and after they are there: flags, <c>.env</c>, addresses, logs; then
/// checked settings, start-up steps, listening and an orderly end.</summary>
public static class GatewayHost
{
    private const int Failed = 1;

    /// <summary>
    /// A builder that knows this process's flags and environment and nothing else: no settings files, no default middleware.
    /// <c>--help</c> and <c>--version</c> answer and end the process here.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <param name="defaultPort">The port when neither a flag nor a variable names one.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args, int defaultPort)
    {
        var dotEnvMistakes = DotEnvFile.Load(Path.Combine(Directory.GetCurrentDirectory(), ".env"));
        var flags = CommandLine.Parse(args);
        var program = Assembly.GetEntryAssembly()?.GetName().Name ?? "NewApi";
        if (flags.Help || flags.Version)
        {
            Console.Out.WriteLine(flags.Help ? CommandLine.Usage(program, defaultPort) : GatewayNode.BuildVersion);
            Environment.Exit(0);
        }

        // Not the slim or full builder: those also read DOTNET_* without its prefix, so that the DOTNET_VERSION of container images
        // would become our VERSION.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = program,
            EnvironmentName = EnvironmentName(),
            ContentRootPath = Directory.GetCurrentDirectory(),
        });
        builder.Configuration.AddEnvironmentVariables();
        var settings = builder.Settings();
        foreach (var mistake in dotEnvMistakes.Concat(flags.Mistakes))
        {
            var name = mistake.Split(' ', 2);
            settings.Mistake(name[0], name[1]);
        }

        if (settings.Text("SESSION_SECRET") is "random_string")
        {
            settings.Mistake("SESSION_SECRET", "is still the sample value random_string: set a random text of your own (openssl rand -base64 32)");
            settings.Mistake("SESSION_SECRET", "仍是示例值 random_string：请改为自己的随机字符串（openssl rand -base64 32）");
        }

        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = settings.Seconds("SHUTDOWN_TIMEOUT_SECONDS", 25, 0, 3600));
        builder.WebHost
            .UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .UseUrls(ListenAddresses.Choose(settings, flags.Port, defaultPort))
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                // A reader may rightly pause in the middle of a long answer.
                kestrel.Limits.MinResponseDataRate = null;
            });
        // Read here and not when Kestrel starts, so that a mistake is found with the others.
        _ = settings.Seconds("SHUTDOWN_TIMEOUT_SECONDS", 25, 0, 3600);
        builder.AddGatewayLogging(flags.LogDirectory);
        return builder;
    }

    /// <summary>Runs one command on what a host has put together, without starting to listen.</summary>
    /// <returns>The command's exit code, or 1 when it could not run; the reason is then on standard error.</returns>
    public static async Task<int> RunCommandAsync(this WebApplication app, Func<IServiceProvider, CancellationToken, Task<int>> command)
    {
        await using var disposing = app;
        var settings = app.Services.GetRequiredService<SettingsReader>();
        if (await RefusesAsync(app, settings))
        {
            return Failed;
        }

        try
        {
            return await command(app.Services, CancellationToken.None);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            await Console.Error.WriteLineAsync($"{app.Environment.ApplicationName} failed: {Reason(problem, settings.StrictFlag("DEBUG"))}");
            return Failed;
        }
    }

    /// <summary>
    /// Refuses wrong settings, prepares what the process stands on (its database), listens until the process is told to end, and then
    /// lets open calls finish for SHUTDOWN_TIMEOUT_SECONDS.
    /// </summary>
    /// <returns>The exit code: 0 after an orderly end, 1 when the process could not start; the reason is then on standard error.</returns>
    public static async Task<int> RunGatewayAsync<TFoundation>(this WebApplication app, Func<TFoundation, CancellationToken, Task> prepare)
        where TFoundation : notnull
    {
        await using var disposing = app;
        var settings = app.Services.GetRequiredService<SettingsReader>();
        if (await RefusesAsync(app, settings))
        {
            return Failed;
        }

        try
        {
            UnservedVariables.Report(settings, app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("NewApi"));
            await prepare(app.Services.GetRequiredService<TFoundation>(), CancellationToken.None);
            await app.StartAsync();
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            await Console.Error.WriteLineAsync($"{app.Environment.ApplicationName} cannot start: {Reason(problem, settings.StrictFlag("DEBUG"))}");
            // What did start ends in order: a relay gives back its lease.
            await app.StopAsync();
            return Failed;
        }

        Greet(app);
        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>Names every wrong setting on standard error.</summary>
    private static async Task<bool> RefusesAsync(WebApplication app, SettingsReader settings)
    {
        var mistakes = settings.Mistakes;
        if (mistakes.Count == 0)
        {
            return false;
        }

        await Console.Error.WriteLineAsync($"{app.Environment.ApplicationName} cannot start; {mistakes.Count} settings are wrong:");
        foreach (var mistake in mistakes)
        {
            await Console.Error.WriteLineAsync($"  {mistake}");
        }

        return true;
    }

    private static string Reason(Exception problem, bool debug)
    {
        // These are mistakes of ours and not of the operator: one line would hide where.
        if (debug || problem is NullReferenceException or InvalidOperationException or ArgumentException)
        {
            return problem.ToString();
        }

        if (problem is IOException { InnerException: AddressInUseException })
        {
            return $"{problem.Message.TrimEnd('.')} (choose another one with --port or PORT)";
        }

        // Drivers wrap the network's own words: the innermost sentence is the one that helps.
        var innermost = problem.GetBaseException();
        return innermost == problem || problem.Message.Contains(innermost.Message, StringComparison.Ordinal)
            ? OneLine(problem.Message)
            : OneLine($"{problem.Message} ({innermost.Message})");
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private static void Greet(WebApplication app)
    {
        var node = app.Services.GetRequiredService<GatewayNode>();
        Console.Out.WriteLine($"{app.Environment.ApplicationName} {node.Version} is ready");
        foreach (var url in app.Urls)
        {
            var address = BindingAddress.Parse(url);
            if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any))
            {
                Console.Out.WriteLine($"  {url}");
                continue;
            }

            Console.Out.WriteLine($"  Local:   {address.Scheme}://localhost:{address.Port}");
            foreach (var own in NetworkAddresses())
            {
                Console.Out.WriteLine($"  Network: {address.Scheme}://{own}:{address.Port}");
            }
        }
    }

    private static IEnumerable<IPAddress> NetworkAddresses()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(network => network.OperationalStatus == OperationalStatus.Up)
                    .SelectMany(network => network.GetIPProperties().UnicastAddresses)
                    .Select(own => own.Address)
                    .Where(own => own.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(own)),
            ];
        }
        catch (NetworkInformationException)
        {
            // Some sandboxes hide the interfaces; the banner is then one line shorter.
            return [];
        }
    }

    private static string EnvironmentName()
    {
        var name = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT")
            ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
            ?? Environment.GetEnvironmentVariable("ENV");
        var debug = string.IsNullOrEmpty(name) && Environment.GetEnvironmentVariable("GIN_MODE") is "debug";
        return name?.ToLowerInvariant() switch
        {
            _ when debug => Environments.Development,
            null or "" or "production" or "prod" => Environments.Production,
            "development" or "dev" => Environments.Development,
            "staging" => Environments.Staging,
            _ => name,
        };
    }
}
