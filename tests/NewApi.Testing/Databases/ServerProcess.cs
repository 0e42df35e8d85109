using System.Diagnostics;

namespace NewApi.Testing.Databases;

/// <summary>
/// A server in a folder of its own, which both end with the test process, however that ends: a shell holds the reading end of a pipe
/// and puts the server down when the writing end is gone.
/// </summary>
internal sealed class ServerProcess
{
    private const string Watch =
        """
        signal=$1; folder=$2; shift 2
        "$@" >"$folder/server.log" 2>&1 &
        pid=$!
        echo $pid >"$folder/server.pid"
        cat >/dev/null
        kill -$signal $pid 2>/dev/null
        wait $pid 2>/dev/null
        rm -rf "$folder"
        """;

    // Kept: a collected process object would close the pipe.
    private static readonly List<Process> Running = [];

    private ServerProcess(Process watcher, string folder)
    {
        Watcher = watcher;
        Folder = folder;
    }

    public Process Watcher { get; }

    public string Folder { get; }

    /// <summary>What the server wrote so far.</summary>
    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    private string LogFile => Path.Combine(Folder, "server.log");

    public static string NewFolder(string name) => Directory.CreateTempSubdirectory($"newapi-{name}-").FullName;

    /// <summary>The path of a program, or null.</summary>
    public static string? Find(params string[] names) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Concat(["/usr/sbin", "/usr/local/sbin", "/usr/bin"])
            .SelectMany(_ => names, Path.Combine)
            .FirstOrDefault(File.Exists);

    /// <summary>Starts a server; <paramref name="signal"/> is what ends it cleanly enough for a throw-away.</summary>
    public static ServerProcess Start(string folder, string signal, IEnumerable<string> command)
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        string[] arguments = ["-c", Watch, "watch", signal, folder, .. command];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException("The shell did not start.");
        lock (Running)
        {
            Running.Add(process);
        }

        return new ServerProcess(process, folder);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(IEnumerable<string> command)
    {
        string[] words = [.. command];
        var start = new ProcessStartInfo(words[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var word in words[1..])
        {
            start.ArgumentList.Add(word);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{words[0]} failed: {await output}{await errors}");
        }
    }

    /// <summary>Ends the server and all its children at once, without a word; it must have been started through <c>setsid</c>.</summary>
    public async Task KillAsync()
    {
        var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "server.pid")), System.Globalization.CultureInfo.InvariantCulture);
        await RunAsync(["kill", "-KILL", "--", $"-{pid}"]);
    }

    /// <summary>Waits until <paramref name="answers"/> does not throw.</summary>
    public async Task WaitAsync(Func<Task> answers)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await answers();
                return;
            }
            catch (Exception e) when (clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                if (Watcher.HasExited)
                {
                    throw new InvalidOperationException($"The server ended: {Log}", e);
                }

                await Task.Delay(50);
            }
        }
    }
}
