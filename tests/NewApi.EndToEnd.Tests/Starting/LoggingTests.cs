using Microsoft.Extensions.Logging;
using NewApi.ServiceDefaults.Logging;

namespace NewApi.EndToEnd.Tests.Starting;

public sealed class LoggingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-log-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Event_is_one_line_with_level_time_request_and_text()
    {
        var text = Write(log =>
        {
            using var scope = log.BeginScope(new Dictionary<string, object?> { ["RequestId"] = "20260801-abc" });
            log.LogInformation("Served {Model}", "gpt-4o");
        }).Output;

        Assert.Matches(@"^\[INFO\] \d{4}/\d{2}/\d{2} - \d{2}:\d{2}:\d{2} \| 20260801-abc \| Served gpt-4o\n$", text);
    }

    [Fact]
    public void Warnings_go_to_standard_error_and_everything_to_the_file()
    {
        var (output, errors) = Write(log =>
        {
            log.LogInformation("one");
            log.LogWarning("two");
        });

        Assert.EndsWith("| SYSTEM | one\n", output, StringComparison.Ordinal);
        Assert.StartsWith("[WARN] ", errors, StringComparison.Ordinal);
        var file = File.ReadAllLines(Assert.Single(_folder.GetFiles()).FullName);
        Assert.Equal(2, file.Length);
    }

    [Fact]
    public void Text_from_outside_cannot_write_a_line_of_its_own()
    {
        var text = Write(log => log.LogInformation("Model {Model}", "x\r\n[INFO] forged\u001b[2J")).Output;

        Assert.Equal(1, text.Count(c => c == '\n'));
        Assert.DoesNotContain('\u001b', text);
    }

    [Fact]
    public void File_is_followed_by_the_next_after_its_last_line()
    {
        using (var file = LogFile.Open(_folder.FullName, TimeProvider.System, linesPerFile: 3))
        {
            for (var line = 1; line <= 7; line++)
            {
                file.WriteLine($"{line}");
            }
        }

        Assert.Equal([1, 3, 3], _folder.GetFiles().Select(file => File.ReadAllLines(file.FullName).Length).Order());
    }

    private (string Output, string Errors) Write(Action<ILogger> write)
    {
        var output = new StringWriter { NewLine = "\n" };
        var errors = new StringWriter { NewLine = "\n" };
        using (var provider = new LineLoggerProvider(LogFile.Open(_folder.FullName, TimeProvider.System), TimeProvider.System, output, errors))
        {
            using var factory = LoggerFactory.Create(logging => logging.AddProvider(provider));
            write(factory.CreateLogger("NewApi.Test"));
        }

        return (output.ToString(), errors.ToString());
    }
}
