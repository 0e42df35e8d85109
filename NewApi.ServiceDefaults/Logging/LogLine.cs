using System.Text;
using Microsoft.Extensions.Logging;

namespace NewApi.ServiceDefaults.Logging;

/// <summary>One event as it is written: <c>[INFO] 2026/08/01 - 12:00:00 | SYSTEM | text</c>; exceptions follow on indented lines.</summary>
internal readonly record struct LogLine(
    DateTimeOffset Time, LogLevel Level, string Category, string? RequestId, string Text, Exception? Exception)
{
    public override string ToString()
    {
        var line = new StringBuilder(128);
        line.Append('[').Append(Level switch
        {
            LogLevel.Trace or LogLevel.Debug => "DEBUG",
            LogLevel.Information => "INFO",
            LogLevel.Warning => "WARN",
            _ => "ERR",
        }).Append("] ").Append(Time.ToString("yyyy'/'MM'/'dd - HH':'mm':'ss")).Append(" | ").Append(RequestId ?? "SYSTEM").Append(" | ");
        if (!Category.StartsWith("NewApi", StringComparison.Ordinal))
        {
            line.Append(Category).Append(": ");
        }

        // A text that came from outside must not be able to write a line of its own.
        foreach (var c in Text)
        {
            _ = c switch
            {
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                _ when char.IsControl(c) => line.Append(' '),
                _ => line.Append(c),
            };
        }

        if (Exception is not null)
        {
            foreach (var part in Exception.ToString().Split('\n'))
            {
                line.Append("\n    ").Append(part.TrimEnd('\r'));
            }
        }

        return line.ToString();
    }
}
