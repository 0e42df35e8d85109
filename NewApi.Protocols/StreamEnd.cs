using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols;

/// <summary>Frames that the gateway itself adds to a stream (specification: relay §6.4, §6.5).</summary>
public static class StreamEnd
{
    /// <summary>A comment that keeps idle connections open.</summary>
    public static ReadOnlySpan<byte> Ping => ": PING\n\n"u8;

    /// <summary>The frame that ends an OpenAI chat or completions stream.</summary>
    public static ReadOnlySpan<byte> Done => "data: [DONE]\n\n"u8;

    /// <summary>Says in the stream itself that it broke: there is no status left to change.</summary>
    /// <param name="output">Receives one whole frame.</param>
    /// <param name="dialect">The caller's dialect.</param>
    /// <param name="fault">What went wrong.</param>
    /// <param name="requestId">The gateway's id of the call.</param>
    /// <param name="sequence">For Responses: the number of the event, see <see cref="StreamTap.NextSequence"/>.</param>
    public static void WriteError(IBufferWriter<byte> output, Dialect dialect, RelayFault fault, string requestId, long sequence = 0)
    {
        switch (dialect)
        {
            case Dialect.AnthropicMessages:
                output.Write("event: error\ndata: "u8);
                using (var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions))
                {
                    ErrorBody.WriteAnthropic(json, fault, requestId);
                }

                break;
            case Dialect.OpenAIResponses:
                output.Write("event: error\ndata: "u8);
                WriteResponsesError(output, fault, requestId, sequence);
                break;
            case Dialect.GeminiContent:
                output.Write("data: "u8);
                WriteGeminiError(output, fault, requestId);
                break;
            default:
                output.Write("data: "u8);
                ErrorBody.Write(output, ErrorShape.OpenAI, fault, requestId);
                break;
        }

        output.Write("\n\n"u8);
    }

    /// <summary>The usage chunk of an OpenAI stream (empty <c>choices</c>); it belongs before <c>data: [DONE]</c>.</summary>
    /// <param name="output">Receives one whole frame.</param>
    /// <param name="dialect">Chat or completions.</param>
    /// <param name="id">Id of the answer that the other chunks bear.</param>
    /// <param name="model">Model that the other chunks name.</param>
    /// <param name="created">Seconds since 1970.</param>
    /// <param name="usage">Tokens; members not known are written as 0 or left out.</param>
    public static void WriteUsage(IBufferWriter<byte> output, Dialect dialect, string id, string model, long created, in Usage usage)
    {
        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("object"u8, dialect == Dialect.OpenAICompletions ? "text_completion"u8 : "chat.completion.chunk"u8);
            json.WriteNumber("created"u8, created);
            json.WriteString("model"u8, model);
            json.WriteStartArray("choices"u8);
            json.WriteEndArray();
            ChatUsage.Write(json, usage);
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }

    /// <summary>The documented <c>error</c> event, plus the <c>error</c> object that OpenAI's own clients raise on.</summary>
    private static void WriteResponsesError(IBufferWriter<byte> output, RelayFault fault, string requestId, long sequence)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteNumber("sequence_number"u8, sequence);
        json.WriteString("code"u8, fault.Code);
        json.WriteString("message"u8, fault.FromUpstream ? fault.Message : ErrorBody.WithRequestId(fault.Message, requestId));
        json.WriteString("param"u8, fault.Param ?? "");
        json.WriteStartObject("error"u8);
        ErrorBody.WriteOpenAIMembers(json, fault, requestId);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Google's clients take the number inside the frame for the status.</summary>
    private static void WriteGeminiError(IBufferWriter<byte> output, RelayFault fault, string requestId)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteNumber("code"u8, fault.Status);
        json.WriteString("message"u8, fault.FromUpstream ? fault.Message : ErrorBody.WithRequestId(fault.Message, requestId));
        json.WriteString("status"u8, ErrorBody.GoogleStatus(fault.Status));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
