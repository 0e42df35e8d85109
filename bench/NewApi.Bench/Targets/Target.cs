using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using NewApi.Bench.Load;

namespace NewApi.Bench.Targets;

/// <summary>Something that answers chat calls on a loopback port, in a process of its own.</summary>
internal abstract class Target(BenchRun run, string name) : IAsyncDisposable
{
    private Process? _process;

    public string Name { get; } = name;

    public int Port { get; } = FreePort();

    public string Key { get; protected set; } = "sk-bench";

    public ProcessGauge Gauge { get; } = new();

    /// <summary>Why the target cannot take part, or null.</summary>
    public virtual string? Absence => null;

    /// <summary>
    /// How often everything is tried before it is measured: a server with a just-in-time compiler needs some thousand calls of each
    /// kind, and idle cores after them, until it is what it will be for the rest of its life.
    /// </summary>
    public virtual int WarmPasses => 4;

    protected BenchRun Run { get; } = run;

    /// <summary>A folder of the target's own, gone with the run.</summary>
    protected string Folder => Directory.CreateDirectory(Path.Combine(Run.Folder, Name)).FullName;

    protected abstract Launch Launch { get; }

    public virtual Task StartAsync(CancellationToken ct) => StartProcessAsync(ct);

    /// <summary>Starts the process again on what it left behind, and says how long the first answer took.</summary>
    public async Task<TimeSpan> RestartAsync(CancellationToken ct)
    {
        await StopAsync();
        var started = Stopwatch.GetTimestamp();
        StartProcess();
        await WaitForAnswerAsync(Payload.Chat(this), ct);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Returns when the target has finished what it does behind the answers (compiling, writing), at most after three seconds.</summary>
    public async Task WaitUntilIdleAsync(CancellationToken ct)
    {
        var before = Gauge.Cpu();
        for (var i = 0; i < 15; i++)
        {
            await Task.Delay(200, ct);
            var now = Gauge.Cpu();
            if (now - before < TimeSpan.FromMilliseconds(10))
            {
                return;
            }
            before = now;
        }
    }

    public async Task StopAsync()
    {
        if (_process is not { } process)
        {
            return;
        }
        _process = null;
        if (!process.HasExited)
        {
            using var terminate = Process.Start("kill", [process.Id.ToString()]);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Run.Say($"{Name} did not stop within 15 seconds and was killed.");
                process.Kill(entireProcessTree: true);
            }
        }
        process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task StartProcessAsync(CancellationToken ct)
    {
        StartProcess();
        await WaitForPortAsync(ct);
    }

    private void StartProcess()
    {
        var launch = Launch;
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = Folder };
        // exec keeps the pid; timeout ends the target even when this process is killed; the log goes to a file that nobody reads on time.
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("""log=$1; shift; exec timeout -k 5 1200 "$@" >"$log" 2>&1""");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(LogFile);
        start.ArgumentList.Add(launch.File);
        foreach (var argument in launch.Arguments)
        {
            start.ArgumentList.Add(argument);
        }
        // What the caller's shell has set must not reach one target and change the comparison.
        foreach (var variable in start.Environment.Keys.Where(key => key.StartsWith("ASPNETCORE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(variable);
        }
        foreach (var (variable, value) in launch.Environment.Concat(Run.Options.EnvironmentFor(Name)))
        {
            start.Environment[variable] = value;
        }
        _process = Process.Start(start) ?? throw new BenchException($"{Name} could not be started.");
        Gauge.Follow(_process.Id);
    }

    private string LogFile => Path.Combine(Folder, "process.log");

    private async Task WaitForPortAsync(CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var connection = new LoadConnection(Port);
                await connection.OpenAsync(ct);
                return;
            }
            catch (SocketException)
            {
                await StillStartingAsync(started, ct);
            }
        }
    }

    private async Task WaitForAnswerAsync(Payload payload, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var connection = new LoadConnection(Port);
                await connection.CallAsync(payload, ct);
                return;
            }
            catch (Exception fault) when (fault is SocketException or BenchException)
            {
                await StillStartingAsync(started, ct);
            }
        }
    }

    private async Task StillStartingAsync(long started, CancellationToken ct)
    {
        if (_process!.HasExited || Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(30))
        {
            var said = File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(20)) : "";
            throw new BenchException($"{Name} did not come up. Its last words:\n{said}");
        }
        await Task.Delay(2, ct);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
