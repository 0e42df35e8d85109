using System.Globalization;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>Turns an upstream's error into a fault (specification: relay §8.2). Messages come out masked.</summary>
public static class UpstreamError
{
    private const string BadStatus = "bad_response_status_code";
    private const int LongestMessage = 4096;
    private const int LongestMetadata = 1024;

    /// <summary>Reads the body of an answer whose status says that it failed.</summary>
    /// <param name="dialect">The upstream's dialect.</param>
    /// <param name="status">The upstream's status.</param>
    /// <param name="body">Body, decoded; may be anything.</param>
    /// <param name="contentType">Its content type; only a hint, many upstreams get it wrong.</param>
    public static RelayFault Parse(Dialect dialect, int status, ReadOnlySpan<byte> body, string? contentType)
    {
        if (Document(body, status, FromDocument) is { } fault)
        {
            return fault with { Leg = Leg.Headers };
        }

        return new RelayFault(status, BadStatus, $"bad response status code {status}") { Type = "upstream_error", Leg = Leg.Headers };
    }

    /// <summary>An error object, or text, that came inside an answer with status 200; the status is derived from what it says.</summary>
    internal static RelayFault InBand(ReadOnlySpan<byte> error)
    {
        if (Document(error, 0, FromInBand) is { } fault)
        {
            return fault with { Leg = Leg.Body };
        }

        return Upstream(500, null, null, null, null) with { Leg = Leg.Body };
    }

    /// <summary>The value of the member at whose name the reader stands; empty for <c>null</c>, <c>false</c>, <c>""</c> and <c>{}</c>.</summary>
    internal static ReadOnlySpan<byte> Slice(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        var hollow = reader.TokenType is JsonTokenType.Null or JsonTokenType.False
            || (reader.TokenType == JsonTokenType.String && reader.ValueSpan.IsEmpty);
        reader.Skip();
        var value = json[start..(int)reader.BytesConsumed];
        return hollow || value.SequenceEqual("{}"u8) ? default : value;
    }

    private static RelayFault? Document(ReadOnlySpan<byte> json, int status, Func<int, JsonElement, RelayFault?> read)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            return read(status, document.RootElement);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // Not JSON; or JSON with texts that are neither UTF-8 nor UTF-16.
            return null;
        }
    }

    private static RelayFault? FromInBand(int status, JsonElement root) => root.ValueKind switch
    {
        JsonValueKind.Object => FromError(StatusOf(root), root),
        JsonValueKind.String => Upstream(500, Text(root), null, null, null),
        _ => null,
    };

    private static RelayFault? FromDocument(int status, JsonElement root)
    {
        // Gemini answers a failed stream request with an array of one.
        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0)
        {
            root = root[0];
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object && Message(error, "message") is not null)
        {
            return FromError(status, error);
        }

        var message = Message(root, "message") ?? Message(root, "msg") ?? Message(root, "err") ?? Message(root, "error_msg")
            ?? Detail(root) ?? Message(root, "header", "message") ?? Message(root, "response", "error", "message") ?? Message(root, "error");
        return message is null ? null : Upstream(status, message, BadStatus, BadStatus, null);
    }

    private static RelayFault FromError(int status, JsonElement error)
    {
        var message = Message(error, "message");
        if (message is not null && error.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
        {
            var raw = metadata.GetRawText();
            message = raw.Length is > 2 and <= LongestMetadata ? $"{message} ({raw})" : message;
        }

        // An error event names itself where an error object names its type.
        var type = Message(error, "type") is { } named && named != "error" ? named : null;
        var code = Code(error);

        // Google numbers its errors and names them beside: the name says more than the status said once more.
        if (Message(error, "status") is { } name && (code is null || int.TryParse(code, CultureInfo.InvariantCulture, out _)))
        {
            code = name;
        }

        // Anthropic has types and no codes.
        if (code is null && type is not null && !error.TryGetProperty("code", out _) && !error.TryGetProperty("param", out _))
        {
            code = type;
        }

        var fault = Upstream(status, message, type, code, Message(error, "param"));
        return RetryDelay(error) is { } wait ? fault with { RetryAfter = wait } : fault;
    }

    private static RelayFault Upstream(int status, string? message, string? type, string? code, string? param)
    {
        message ??= "The upstream reported an error and did not say which.";
        if (message.Length > LongestMessage)
        {
            message = message[..LongestMessage];
        }

        return new RelayFault(status, code ?? ErrorBody.UnknownCode, Masking.Mask(message))
        {
            Type = type ?? "upstream_error",
            Param = param,
            FromUpstream = true,
            Unmasked = message,
        };
    }

    /// <summary>The status that an upstream would have sent, had it known in time.</summary>
    private static int StatusOf(JsonElement error)
    {
        foreach (var name in (ReadOnlySpan<string>)["code", "status", "status_code", "http_code"])
        {
            if (error.TryGetProperty(name, out var value))
            {
                var text = value.ValueKind is JsonValueKind.Number or JsonValueKind.String ? Text(value) : null;
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599)
                {
                    return status;
                }
            }
        }

        return Named(Code(error)) ?? Named(Message(error, "type")) ?? Named(Message(error, "status")) ?? 500;
    }

    private static int? Named(string? word) => word switch
    {
        "invalid_request_error" or "invalid_prompt" or "invalid_request" or "context_length_exceeded" or "INVALID_ARGUMENT"
            or "FAILED_PRECONDITION" or "image_content_policy_violation" => 400,
        "authentication_error" or "invalid_api_key" or "UNAUTHENTICATED" => 401,
        "billing_error" => 402,
        "permission_error" or "PERMISSION_DENIED" => 403,
        "not_found_error" or "model_not_found" or "NOT_FOUND" => 404,
        "request_too_large" => 413,
        "rate_limit_error" or "rate_limit_exceeded" or "rate_limit" or "insufficient_quota" or "requests" or "tokens"
            or "RESOURCE_EXHAUSTED" => 429,
        "UNAVAILABLE" or "service_unavailable_error" or "service_unavailable" or "engine_overloaded_error" => 503,
        "overloaded_error" => 529,
        "timeout_error" or "DEADLINE_EXCEEDED" => 504,
        _ => null,
    };

    private static string? Code(JsonElement error)
    {
        if (!error.TryGetProperty("code", out var code))
        {
            return null;
        }

        var text = code.ValueKind is JsonValueKind.String or JsonValueKind.Number ? Text(code) : null;
        return string.IsNullOrEmpty(text) ? null : text;
    }

    private static string? Message(JsonElement parent, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (parent.ValueKind != JsonValueKind.Object || !parent.TryGetProperty(name, out parent))
            {
                return null;
            }
        }

        if (parent.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var text = Text(parent);
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }

    /// <summary>FastAPI: text, or <c>"detail":[{"loc":["body","model"],"msg":"field required","type":"value_error"}]</c>.</summary>
    private static string? Detail(JsonElement root)
    {
        if (!root.TryGetProperty("detail", out var detail))
        {
            return null;
        }

        return detail.ValueKind switch
        {
            JsonValueKind.String => Message(root, "detail"),
            JsonValueKind.Object => Message(detail, "message") ?? Message(detail, "error"),
            JsonValueKind.Array when detail.GetArrayLength() > 0 => Message(detail[0], "msg"),
            _ => null,
        };
    }

    /// <summary>Google: <c>"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37s"}]</c>.</summary>
    private static TimeSpan? RetryDelay(JsonElement error)
    {
        if (!error.TryGetProperty("details", out var details) || details.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        foreach (var detail in details.EnumerateArray())
        {
            if (Message(detail, "retryDelay") is { } delay && delay.EndsWith('s')
                && double.TryParse(delay.AsSpan(0, delay.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
                && seconds is > 0 and < 86_400)
            {
                return TimeSpan.FromSeconds(seconds);
            }
        }

        return null;
    }

    private static string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
}
