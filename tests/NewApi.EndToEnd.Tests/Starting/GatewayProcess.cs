using System.Diagnostics;
using System.Text;

namespace NewApi.EndToEnd.Tests.Starting;

/// <summary>
/// A built gateway process in a folder of its own, with an environment that holds nothing but what the test says. It listens on a free
/// loopback port, which its banner names.
/// </summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GatewayProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Read(_errors, line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException("The process ended before it was ready."));
    }

    public string Output => Text(_output);

    public string Errors => Text(_errors);

    /// <summary>Resident memory in bytes.</summary>
    public long Resident
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public int ExitCode => _process.ExitCode;

    public static GatewayProcess Start(string program, string folder, Dictionary<string, string>? environment = null, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, program))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.ToArray())
        {
            if (name is not ("PATH" or "HOME" or "TMPDIR") && !name.StartsWith("DOTNET_", StringComparison.Ordinal))
            {
                start.Environment.Remove(name);
            }
        }

        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        var gateway = new GatewayProcess(new Process { StartInfo = start });
        gateway._process.Start();
        gateway._process.BeginOutputReadLine();
        gateway._process.BeginErrorReadLine();
        return gateway;
    }

    /// <summary>The address of the process, once its banner is out.</summary>
    public async Task<Uri> ReadyAsync(CancellationToken cancel)
    {
        try
        {
            return await _ready.Task.WaitAsync(Patience, cancel);
        }
        catch (InvalidOperationException)
        {
            await _process.WaitForExitAsync(cancel);
            throw new InvalidOperationException($"Exit code {_process.ExitCode}.\n{Output}\n{Errors}");
        }
    }

    /// <summary>Asks the process to end, as service managers do, and waits until it has.</summary>
    public async Task<int> TerminateAsync(CancellationToken cancel)
    {
        using var kill = Process.Start("sh", ["-c", $"kill -TERM {_process.Id}"]);
        await kill.WaitForExitAsync(cancel);
        return await EndAsync(cancel);
    }

    public async Task<int> EndAsync(CancellationToken cancel)
    {
        await _process.WaitForExitAsync(cancel).WaitAsync(Patience, cancel);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        _ready.Task.Exception?.Handle(static _ => true);
    }

    private void Read(StringBuilder into, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (into)
        {
            into.AppendLine(line);
        }

        // The banner's second line: "  http://127.0.0.1:41733".
        if (line.StartsWith("  http://127.0.0.1:", StringComparison.Ordinal))
        {
            _ready.TrySetResult(new Uri(line.Trim()));
        }
    }

    private static string Text(StringBuilder builder)
    {
        lock (builder)
        {
            return builder.ToString();
        }
    }
}
