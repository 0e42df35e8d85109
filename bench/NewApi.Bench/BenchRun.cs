using System.Diagnostics;
using System.Net.Sockets;
using NewApi.Bench.Reporting;
using NewApi.Bench.Targets;

namespace NewApi.Bench;

/// <summary>One run: where it lives, what was asked for, what has been found so far.</summary>
internal sealed class BenchRun : IDisposable
{
    private readonly long _started = Stopwatch.GetTimestamp();

    public BenchRun(BenchOptions options)
    {
        Options = options;
        Root = FindRoot();
        Folder = Directory.CreateTempSubdirectory("newapi-bench-").FullName;
    }

    public BenchOptions Options { get; }

    /// <summary>The folder of the solution.</summary>
    public string Root { get; }

    /// <summary>Everything the targets write; deleted at the end.</summary>
    public string Folder { get; }

    public List<Sample> Samples { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>The program that a Release build of a project leaves.</summary>
    public string Built(string project) => Path.Combine(Root, "artifacts", "bin", project, "release", project);

    /// <summary>The program as it would be deployed: compiled ahead of time.</summary>
    public string Published(string project) => Path.Combine(Root, "artifacts", "publish", project, "release_linux-x64", project);

    public void Say(string line) => Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(_started).TotalSeconds,6:0.0} s  {line}");

    /// <summary>Says something that a reader of the figures must know too.</summary>
    public void Note(string line)
    {
        Say(line);
        Notes.Add(line);
    }

    public void Add(Sample sample)
    {
        Samples.Add(sample);
        Say($"{sample.Measure,-10} {sample.Target,-7} "
            + string.Join("  ", sample.Figures.Select(figure => $"{figure.Key} {figure.Value:0.###}")));
    }

    /// <summary>A target that fails at one measure is named in the report and goes on with the next.</summary>
    public async Task TryAsync(Target target, string measure, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception fault) when (fault is BenchException or SocketException or IOException)
        {
            Note($"{target.Name} FAILED at '{measure}': {fault.Message}");
        }
    }

    /// <summary>The number of streams asked for, or what the limit of open files allows: a proxy needs two sockets for each.</summary>
    public int StreamsWithinReach()
    {
        const int Others = 400;
        var limit = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        var reach = limit == "unlimited" ? int.MaxValue : (int.Parse(limit) - Others) / 2;
        if (reach < Options.Streams)
        {
            Note($"{reach:N0} streams instead of {Options.Streams:N0}: the limit of open files is {limit}, and may not be raised here.");
        }
        return Math.Min(reach, Options.Streams);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "NewApi.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new BenchException("The bench must lie inside the folder of NewApi.sln.");
    }
}
