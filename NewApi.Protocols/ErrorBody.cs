using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>Writes faults as the clients of a route read them (specification: relay §8.1).</summary>
public static class ErrorBody
{
    /// <summary>Stands for an upstream error without a code; shown as <c>null</c>.</summary>
    internal const string UnknownCode = "unknown_error";

    internal static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Writes the whole JSON body of an error answer.</summary>
    public static void Write(IBufferWriter<byte> output, ErrorShape shape, RelayFault fault, string requestId)
    {
        using var json = new Utf8JsonWriter(output, WriterOptions);
        if (shape == ErrorShape.Anthropic)
        {
            WriteAnthropic(json, fault, requestId);
            return;
        }

        if (shape == ErrorShape.Midjourney)
        {
            Midjourney.MidjourneyAnswer.WriteFault(json, fault, requestId);
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        WriteOpenAIMembers(json, fault, requestId);
        if (shape == ErrorShape.Gemini)
        {
            json.WriteString("status"u8, GoogleStatus(fault.Status));
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    internal static void WriteAnthropic(Utf8JsonWriter json, RelayFault fault, string requestId)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, AnthropicType(fault));
        json.WriteString("message"u8, WithRequestId(fault.Message, requestId));
        json.WriteEndObject();
        json.WriteString("request_id"u8, requestId);
        json.WriteEndObject();
    }

    internal static void WriteOpenAIMembers(Utf8JsonWriter json, RelayFault fault, string requestId)
    {
        json.WriteString("message"u8, fault.FromUpstream ? fault.Message : WithRequestId(fault.Message, requestId));
        json.WriteString("type"u8, fault.Type);
        json.WriteString("param"u8, fault.Param ?? "");
        if (fault.FromUpstream && fault.Code == UnknownCode)
        {
            json.WriteNull("code"u8);
        }
        else
        {
            json.WriteString("code"u8, fault.Code);
        }
    }

    internal static string WithRequestId(string message, string requestId) =>
        requestId.Length == 0 ? message : string.Create(CultureInfo.InvariantCulture, $"{message} (request id: {requestId})");

    /// <summary>The type that makes Anthropic's clients throw the right exception; an upstream's own Anthropic type stays.</summary>
    internal static string AnthropicType(RelayFault fault)
    {
        if (fault.FromUpstream && IsAnthropicType(fault.Type))
        {
            return fault.Type;
        }

        return fault.Status switch
        {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            408 or 504 => "timeout_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 or 529 => "overloaded_error",
            >= 400 and < 500 => "invalid_request_error",
            _ => "api_error",
        };
    }

    /// <summary>Canonical status names of Google's APIs by HTTP status.</summary>
    internal static string GoogleStatus(int status) => status switch
    {
        401 => "UNAUTHENTICATED",
        402 or 403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        503 or 529 => "UNAVAILABLE",
        408 or 504 => "DEADLINE_EXCEEDED",
        >= 400 and < 500 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };

    private static bool IsAnthropicType(string type) => type is
        "invalid_request_error" or "authentication_error" or "billing_error" or "permission_error" or "not_found_error" or
        "request_too_large" or "rate_limit_error" or "timeout_error" or "api_error" or "overloaded_error";
}
