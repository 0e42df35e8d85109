using System.Collections.Frozen;
using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Metering;
using ZstdSharp;

namespace NewApi.RelayService;

/// <summary>Reads the body into pooled memory, within bounds and decompressed, and scans it once for what the gateway needs to know.</summary>
internal sealed class RequestReader(RelayOptions options)
{
    /// <summary>Models of calls that need not name one (specification: relay §1.2).</summary>
    private static readonly FrozenDictionary<Dialect, string> DefaultModels = new Dictionary<Dialect, string>
    {
        [Dialect.OpenAIModerations] = "text-moderation-stable",
        [Dialect.OpenAISpeech] = "tts-1",
        [Dialect.OpenAITranscriptions] = "whisper-1",
        [Dialect.OpenAITranslations] = "whisper-1",
    }.ToFrozenDictionary();

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = RequestScanner.MaxDepth, AllowDuplicateProperties = false };
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = RequestScanner.MaxDepth };

    public async ValueTask<RelayFault?> ReadAsync(RelayCall call)
    {
        if (call.Dialect == Dialect.OpenAIRealtime)
        {
            return ReadSocket(call);
        }
        var fault = await ReadBodyAsync(call) ?? (call.IsPlayground ? TakeGroup(call) : null);
        if (fault is not null)
        {
            return fault;
        }
        var scan = call.Scan = Scan(call);
        if (scan.Fault is not null)
        {
            return scan.Fault;
        }
        if (call.Dialect is Dialect.GeminiContent or Dialect.GeminiEmbeddings or Dialect.GeminiAction)
        {
            call.Stream = call.Dialect != Dialect.GeminiEmbeddings
                && (call.Action!.StartsWith("stream", StringComparison.Ordinal) || call.Http.Request.Query["alt"] == "sse");
        }
        else
        {
            call.Model = call.Model.Length > 0 ? call.Model : scan.Model ?? DefaultModels[call.Dialect];
            call.Stream = scan.Stream;
        }
        if (call.Dialect == Dialect.OpenAIResponsesCompact)
        {
            call.Model += RelayCall.CompactSuffix;
        }
        return CallEstimate.Make(call);
    }

    /// <summary>A session has no body; its address names the model.</summary>
    private static RelayFault? ReadSocket(RelayCall call)
    {
        call.Scan = RequestScanner.Nothing(call.Dialect);
        return !call.Http.WebSockets.IsWebSocketRequest
            ? new RelayFault(StatusCodes.Status426UpgradeRequired, "invalid_request", "Realtime sessions are opened over a WebSocket.") { Final = true }
            : call.Model.Length == 0
            ? new RelayFault(400, "invalid_request", "field model is required") { Param = "model", Final = true }
            : null;
    }

    /// <summary>The playground names its group in the body; upstreams must not see it.</summary>
    private RelayFault? TakeGroup(RelayCall call)
    {
        JsonObject? body;
        try
        {
            body = JsonNode.Parse(call.Body!.Span, documentOptions: Strict) as JsonObject;
        }
        catch (JsonException)
        {
            body = null;
        }
        if (body is null)
        {
            return new RelayFault(400, "invalid_request", "The body must be a JSON object with each member once.") { Final = true };
        }
        if (!body.Remove("group", out var named) || named is null)
        {
            return null;
        }
        if (named is not JsonValue value || !value.TryGetValue<string>(out var group))
        {
            return new RelayFault(400, "invalid_request", "field group must be a text") { Param = "group", Final = true };
        }
        var rest = BodyBuffer.For(options, call.Body!.Length);
        using (var json = new Utf8JsonWriter(rest, Writing))
        {
            body.WriteTo(json);
        }
        call.Body.Dispose();
        call.Body = rest;
        call.Caller = call.Caller with { TokenGroup = group };
        return Authenticator.CheckGroup(call, call.Caller);
    }

    private static RequestScan Scan(RelayCall call)
    {
        var type = call.Http.Request.ContentType;
        var modelKnown = call.Model.Length > 0 || DefaultModels.ContainsKey(call.Dialect);
        return call.Dialect switch
        {
            Dialect.OpenAITranscriptions or Dialect.OpenAITranslations => FormScanner.Scan(call.Dialect, call.Body!.Span, type ?? "", modelKnown),
            Dialect.OpenAIImageEdits when FormScanner.FormOf(type) != BodyForm.Json =>
                FormScanner.Scan(call.Dialect, call.Body!.Span, type!, modelKnown),
            _ => RequestScanner.Scan(call.Dialect, call.Body!.Span, modelKnown),
        };
    }

    /// <summary>The body alone, for calls that understand it themselves.</summary>
    public async ValueTask<RelayFault?> ReadBodyAsync(RelayCall call)
    {
        var request = call.Http.Request;
        if (request.ContentLength > options.MaxRequestBody)
        {
            return TooLarge();
        }
        // The server's own bound is lower than what operators may set.
        if (call.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = options.MaxRequestBody;
        }
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && encoding != "identity")
        {
            return await ReadCompressedAsync(call, encoding);
        }
        var body = call.Body = BodyBuffer.For(options, request.ContentLength + 1 ?? 0);
        var pipe = request.BodyReader;
        try
        {
            while (true)
            {
                var result = await pipe.ReadAsync(call.Http.RequestAborted);
                foreach (var part in result.Buffer)
                {
                    if (body.Length + part.Length > options.MaxRequestBody)
                    {
                        pipe.AdvanceTo(result.Buffer.End);
                        return TooLarge();
                    }
                    part.Span.CopyTo(body.GetSpan(part.Length));
                    body.Advance(part.Length);
                }
                pipe.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return null;
                }
            }
        }
        catch (BadHttpRequestException error)
        {
            return Unreadable(error.StatusCode);
        }
    }

    private async ValueTask<RelayFault?> ReadCompressedAsync(RelayCall call, string encoding)
    {
        var source = call.Http.Request.Body;
        await using var plain = encoding switch
        {
            "gzip" or "x-gzip" => (Stream)new GZipStream(source, CompressionMode.Decompress),
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            "deflate" => new ZLibStream(source, CompressionMode.Decompress),
            "zstd" => new DecompressionStream(source),
            _ => Stream.Null,
        };
        if (plain == Stream.Null)
        {
            return new RelayFault(400, "read_request_body_failed", "The content encoding of the body is not known.") { Final = true };
        }
        var body = call.Body = BodyBuffer.For(options, 0);
        try
        {
            int read;
            while ((read = await plain.ReadAsync(body.GetMemory(1), call.Http.RequestAborted)) > 0)
            {
                body.Advance(read);
                if (body.Length > options.MaxRequestBody)
                {
                    return TooLarge();
                }
            }
            // Whoever passes the caller's headers on passes the body as it is now.
            call.Http.Request.Headers.Remove(HeaderNames.ContentEncoding);
            return null;
        }
        catch (Exception error) when (error is InvalidDataException or ZstdException or InvalidOperationException)
        {
            return new RelayFault(400, "read_request_body_failed", "The body is not what its content encoding says.") { Final = true };
        }
        catch (BadHttpRequestException error)
        {
            return Unreadable(error.StatusCode);
        }
    }

    private RelayFault TooLarge() =>
        new(413, "read_request_body_failed", $"The body is larger than {options.MaxRequestBody >> 20} MB.") { Final = true };

    private RelayFault Unreadable(int status) => status == StatusCodes.Status413PayloadTooLarge
        ? TooLarge()
        : new(status is >= 400 and < 500 ? status : 400, "read_request_body_failed", "The body could not be read.") { Final = true };
}
