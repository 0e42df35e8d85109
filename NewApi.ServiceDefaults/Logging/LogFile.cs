using System.Text;

namespace NewApi.ServiceDefaults.Logging;

/// <summary>The current <c>oneapi-yyyyMMddHHmmss.log</c>; a new one begins after a million lines. Nothing is deleted. For one writer.</summary>
internal sealed class LogFile : IDisposable
{
    internal const int LinesPerFile = 1_000_000;
    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly int _linesPerFile;
    private StreamWriter _writer;
    private int _lines;

    private LogFile(string directory, TimeProvider time, int linesPerFile)
    {
        _directory = directory;
        _time = time;
        _linesPerFile = linesPerFile;
        _writer = Next();
    }

    /// <summary>Creates the folder when its parent is there, and the first file in it.</summary>
    /// <exception cref="IOException">The folder cannot be created or written.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static LogFile Open(string directory, TimeProvider time, int linesPerFile = LinesPerFile)
    {
        Directory.CreateDirectory(directory);
        return new LogFile(directory, time, linesPerFile);
    }

    public void WriteLine(string line)
    {
        if (_lines == _linesPerFile)
        {
            _writer.Dispose();
            _writer = Next();
            _lines = 0;
        }

        _writer.Write(line);
        _writer.Write('\n');
        _lines++;
    }

    public void Flush() => _writer.Flush();

    public void Dispose() => _writer.Dispose();

    private StreamWriter Next()
    {
        var stamp = $"oneapi-{_time.GetLocalNow():yyyyMMddHHmmss}";
        for (var turn = 0; ; turn++)
        {
            // Three services may start in the same second over the same folder: each takes a file of its own.
            var path = Path.Combine(_directory, turn == 0 ? $"{stamp}.log" : $"{stamp}-{Environment.ProcessId}-{turn}.log");
            try
            {
                var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 32 * 1024);
                return new StreamWriter(stream, new UTF8Encoding(false), 4096);
            }
            catch (IOException) when (File.Exists(path))
            {
            }
        }
    }
}
