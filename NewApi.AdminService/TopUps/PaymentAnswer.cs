using System.Buffers;
using System.Text.Json;
using NewApi.AdminService.Http;

namespace NewApi.AdminService.TopUps;

/// <summary>
/// The envelope of the payment routes, which is not that of the others: <c>{"message":"success"|"error","data":…}</c>
/// (specification: admin API §1.1).
/// </summary>
internal sealed class PaymentAnswer : IResult
{
    private readonly int _status;
    private readonly Text? _error;
    private readonly Action<Utf8JsonWriter>? _data;
    private readonly string? _url;

    private PaymentAnswer(int status, Text? error, Action<Utf8JsonWriter>? data, string? url)
    {
        _status = status;
        _error = error;
        _data = data;
        _url = url;
    }

    public static PaymentAnswer Ok(string data) => new(StatusCodes.Status200OK, null, writer => writer.WriteStringValue(data), null);

    public static PaymentAnswer Ok(IEnumerable<KeyValuePair<string, string>> data, string? url = null) => new(
        StatusCodes.Status200OK,
        null,
        writer =>
        {
            writer.WriteStartObject();
            foreach (var (name, value) in data)
            {
                writer.WriteString(name, value);
            }
            writer.WriteEndObject();
        },
        url);

    public static PaymentAnswer Fail(Text error, int status = StatusCodes.Status200OK) => new(status, error, null, null);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(body, AdminJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("message"u8, _error is null ? "success"u8 : "error"u8);
            writer.WritePropertyName("data"u8);
            if (_error is { } error)
            {
                writer.WriteStringValue(error.In(Languages.Of(httpContext)));
            }
            else
            {
                _data!(writer);
            }
            if (_url is not null)
            {
                writer.WriteString("url"u8, _url);
            }
            writer.WriteEndObject();
        }
        await Answer.SendAsync(httpContext, _status, body.WrittenMemory);
    }
}
