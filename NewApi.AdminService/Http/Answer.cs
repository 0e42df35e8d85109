using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Net.Http.Headers;

namespace NewApi.AdminService.Http;

/// <summary>
/// The envelope of the management API: <c>{"success":…,"message":…,"data":…}</c>. A business failure is a 200 with
/// <c>success:false</c>; the few other statuses are named where they occur (specification: admin API §1.1).
/// </summary>
internal sealed class Answer : IResult
{
    /// <summary>Smaller bodies cost more to compress than they save.</summary>
    private const int CompressFrom = 1024;

    private readonly List<Member> _members = [];

    private Answer(bool success, Text message, int status)
    {
        Success = success;
        Message = message;
        Status = status;
    }

    public bool Success { get; }

    public Text Message { get; private set; }

    public int Status { get; }

    public static Answer Ok() => new(true, Text.None, StatusCodes.Status200OK);

    public static Answer Ok<T>(T data) => Ok().With("data", data);

    /// <summary>For the open-ended maps whose keys are data (groups, ratios): written by the given delegate.</summary>
    public static Answer Ok(Action<Utf8JsonWriter> data) => Ok().With("data", data);

    public static Answer Fail(Text message, int status = StatusCodes.Status200OK) => new(false, message, status);

    public static Answer NotFound() => Fail(Say.NotFound);

    public Answer Saying(Text message)
    {
        Message = message;
        return this;
    }

    /// <summary>Adds a member beside <c>success</c> and <c>message</c>.</summary>
    public Answer With<T>(string name, T value)
    {
        var type = AdminJson.TypeInfo<T>();
        return With(name, writer => JsonSerializer.Serialize(writer, value, type));
    }

    public Answer With(string name, Action<Utf8JsonWriter> write)
    {
        _members.Add(new Member(name, write));
        return this;
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(body, AdminJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("success"u8, Success);
            writer.WriteString("message"u8, Message.In(Languages.Of(httpContext)));
            foreach (var member in _members)
            {
                writer.WritePropertyName(member.Name);
                member.Write(writer);
            }
            writer.WriteEndObject();
        }
        await SendAsync(httpContext, Status, body.WrittenMemory);
    }

    /// <summary>Writes a JSON body, compressed when the client asks for it and it is worth it.</summary>
    public static async Task SendAsync(HttpContext context, int status, ReadOnlyMemory<byte> json)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.Vary = "Accept-Encoding, Accept-Language";
        if (json.Length >= CompressFrom && AcceptsGzip(context.Request))
        {
            json = Compress(json);
            response.Headers.ContentEncoding = "gzip";
        }
        response.ContentLength = json.Length;
        await response.Body.WriteAsync(json, context.RequestAborted);
    }

    private static bool AcceptsGzip(HttpRequest request)
    {
        foreach (var coding in request.GetTypedHeaders().AcceptEncoding)
        {
            if (coding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && coding.Quality is not 0)
            {
                return true;
            }
        }
        return false;
    }

    private static ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> json)
    {
        using var target = new MemoryStream(json.Length / 3);
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(json.Span);
        }
        return target.GetBuffer().AsMemory(0, (int)target.Length);
    }

    private readonly record struct Member(string Name, Action<Utf8JsonWriter> Write);
}

/// <summary>A JSON body without our envelope, for the routes that speak a shape of their own.</summary>
internal sealed class JsonBody(int status, Action<Utf8JsonWriter> write) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(body, AdminJson.WriterOptions))
        {
            write(writer);
        }
        await Answer.SendAsync(httpContext, status, body.WrittenMemory);
    }

    /// <summary>The error object that OpenAI clients know.</summary>
    public static JsonBody Error(int status, string message, string type, bool bare = false) => new(status, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, message);
        writer.WriteString("type"u8, type);
        if (!bare)
        {
            writer.WriteString("param"u8, "");
            writer.WriteString("code"u8, "");
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    public static JsonBody UnknownPath(HttpRequest request) => Error(
        StatusCodes.Status404NotFound, $"Invalid URL ({request.Method} {request.Path})", "invalid_request_error");
}
