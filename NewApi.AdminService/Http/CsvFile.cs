using System.Globalization;
using System.Text;

namespace NewApi.AdminService.Http;

/// <summary>
/// A table that is written while it is read. Texts that a spreadsheet would take for a formula get an apostrophe in front: their authors are
/// users, and their readers administrators.
/// </summary>
internal sealed class CsvFile(string name, Func<CsvRows, CancellationToken, Task> write) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "text/csv; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        response.Headers.XContentTypeOptions = "nosniff";
        // The mark makes spreadsheets read UTF-8.
        await using var writer = new StreamWriter(response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), 16 * 1024, leaveOpen: true);
        await write(new CsvRows(writer), httpContext.RequestAborted);
        await writer.FlushAsync(httpContext.RequestAborted);
    }
}

/// <summary>Writes rows of a table, cell by cell.</summary>
internal sealed class CsvRows(TextWriter writer)
{
    private readonly StringBuilder _row = new();
    private bool _begun;

    public CsvRows Cell(string? text)
    {
        Separate();
        var value = text ?? "";
        var formula = value.Length > 0 && value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '|' or '%';
        if (!formula && value.AsSpan().IndexOfAny("\",\r\n;") < 0)
        {
            _row.Append(value);
            return this;
        }
        _row.Append('"').Append(formula ? "'" : "").Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        return this;
    }

    public CsvRows Cell(long number)
    {
        Separate();
        _row.Append(CultureInfo.InvariantCulture, $"{number}");
        return this;
    }

    public CsvRows Cell(decimal number)
    {
        Separate();
        _row.Append(CultureInfo.InvariantCulture, $"{number / 1.0000000000000000000000000000m}");
        return this;
    }

    /// <summary>A time in seconds since 1970, in UTC.</summary>
    public CsvRows Time(long seconds)
    {
        Separate();
        _row.Append(DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253_402_300_799)).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        return this;
    }

    public async Task EndAsync()
    {
        _row.Append("\r\n");
        await writer.WriteAsync(_row);
        _row.Clear();
        _begun = false;
    }

    private void Separate()
    {
        if (_begun)
        {
            _row.Append(',');
        }
        _begun = true;
    }
}
