using System.Runtime.InteropServices;
using NewApi.Bench.Load;

namespace NewApi.Bench.Targets;

/// <summary>CPU and memory of one process and its children, as the kernel counts them.</summary>
internal sealed partial class ProcessGauge
{
    private int _root;

    public void Follow(int pid) => _root = pid;

    /// <summary>User and system time: the utime + stime of <c>/proc/[pid]/stat</c>, in nanoseconds instead of ticks of 10 ms.</summary>
    public TimeSpan Cpu()
    {
        var nanoseconds = 0L;
        foreach (var pid in Tree())
        {
            // clock_getcpuclockid(3): the clock of a process is its id, inverted, with "all threads, scheduler time" in the low bits.
            if (GetTime((~pid << 3) | 2, out var time) == 0)
            {
                nanoseconds += (time.Seconds * 1_000_000_000) + time.Nanoseconds;
            }
        }
        return TimeSpan.FromTicks(nanoseconds / 100);
    }

    /// <summary>Resident bytes, all processes of the target together.</summary>
    public long Resident() => Sum("smaps_rollup", "Rss:");

    /// <summary>Bytes that would be free if the target were gone.</summary>
    public long Private() => Sum("smaps_rollup", "Private_Clean:") + Sum("smaps_rollup", "Private_Dirty:");

    /// <summary>Highest resident bytes since <see cref="ForgetPeak"/>.</summary>
    public long PeakResident() => Sum("status", "VmHWM:");

    public void ForgetPeak()
    {
        foreach (var pid in Tree())
        {
            File.WriteAllText($"/proc/{pid}/clear_refs", "5");
        }
    }

    private long Sum(string file, string name) => Tree().Sum(pid => KiloBytes($"/proc/{pid}/{file}", name)) * 1024;

    private static long KiloBytes(string path, string name)
    {
        var line = File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan(name.Length).Trim().TrimEnd("kB").Trim());
    }

    private IEnumerable<int> Tree()
    {
        var waiting = new Queue<int>([_root]);
        while (waiting.TryDequeue(out var pid))
        {
            yield return pid;
            foreach (var child in File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                waiting.Enqueue(int.Parse(child));
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpecification time);
}
