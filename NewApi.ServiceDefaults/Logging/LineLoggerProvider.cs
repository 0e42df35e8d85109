using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace NewApi.ServiceDefaults.Logging;

/// <summary>
/// Writes events behind the callers' backs: they enqueue, one loop writes. A full queue drops lines and says how many: a call must not
/// wait for a slow disk or terminal.
/// </summary>
internal sealed class LineLoggerProvider : ILoggerProvider, ISupportExternalScope
{
    private readonly Channel<LogLine> _queue = Channel.CreateBounded<LogLine>(
        new BoundedChannelOptions(16_384) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly ConcurrentDictionary<string, LineLogger> _loggers = new(StringComparer.Ordinal);
    private readonly LogFile? _file;
    private readonly TimeProvider _time;
    private readonly TextWriter _out;
    private readonly TextWriter _error;
    private readonly Task _writing;
    private long _dropped;

    public LineLoggerProvider(LogFile? file, TimeProvider time)
        : this(file, time, Unbuffered(Console.OpenStandardOutput()), Unbuffered(Console.OpenStandardError()))
    {
    }

    internal LineLoggerProvider(LogFile? file, TimeProvider time, TextWriter output, TextWriter error)
    {
        _file = file;
        _time = time;
        _out = output;
        _error = error;
        _writing = WriteAsync();
    }

    public IExternalScopeProvider? Scopes { get; private set; }

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => Scopes = scopeProvider;

    public ILogger CreateLogger(string categoryName) => _loggers.GetOrAdd(categoryName, name => new LineLogger(this, name));

    public void Enqueue(LogLevel level, string category, string? requestId, string text, Exception? exception)
    {
        if (!_queue.Writer.TryWrite(new LogLine(_time.GetLocalNow(), level, category, requestId, text, exception)))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    public void Dispose()
    {
        if (_queue.Writer.TryComplete())
        {
            // A terminal that no longer takes output must not keep the process alive.
            _writing.Wait(TimeSpan.FromSeconds(3));
            _file?.Dispose();
        }
    }

    private static StreamWriter Unbuffered(Stream stream) => new(stream, bufferSize: 4096) { AutoFlush = false };

    private async Task WriteAsync()
    {
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (_queue.Reader.TryRead(out var line))
            {
                Write(line);
            }

            if (Interlocked.Exchange(ref _dropped, 0) is var dropped and > 0)
            {
                Write(new LogLine(_time.GetLocalNow(), LogLevel.Warning, "NewApi", null, $"{dropped} log lines were dropped: the log could not be written fast enough", null));
            }

            Flush();
        }
    }

    private void Write(in LogLine line)
    {
        var text = line.ToString();
        try
        {
            (line.Level >= LogLevel.Warning ? _error : _out).WriteLine(text);
        }
        catch (IOException)
        {
            // Nobody reads the console any more; the file still is a log.
        }

        try
        {
            _file?.WriteLine(text);
        }
        catch (IOException)
        {
            // A full disk must not end the gateway; the console still is a log.
        }
    }

    private void Flush()
    {
        try
        {
            _out.Flush();
            _error.Flush();
        }
        catch (IOException)
        {
        }

        try
        {
            _file?.Flush();
        }
        catch (IOException)
        {
        }
    }
}
