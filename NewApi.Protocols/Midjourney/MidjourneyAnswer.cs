using System.Buffers;
using System.Globalization;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Midjourney;

/// <summary>
/// A proxy's answer to a submission: <c>{"code":1,"description":"…","result":"1320098173412546","properties":{}}</c>. The code says whether
/// it was accepted, whatever the status.
/// </summary>
public sealed record MidjourneyAnswer
{
    /// <summary>Another proxy may have room.</summary>
    public const string SaturatedCode = "upstream_saturated";

    private const int Accepted = 1;
    private const int Exists = 21;
    private const int Queued = 22;
    private const int NoAccount = 3;
    private const int RequestError = 4;
    private const int QueueFull = 23;
    private const int Saturated = 30;

    public required int Code { get; init; }

    public string Description { get; init; } = "";

    /// <summary>The task's id at the proxy; empty for what is no task.</summary>
    public string TaskId { get; init; } = "";

    /// <summary>Results instead of a task: there is nothing to wait for.</summary>
    public bool IsResult { get; init; }

    /// <summary>The proxy has taken the task; 21 is one that it has already.</summary>
    public bool IsAccepted => Code is Accepted or Exists or Queued;

    /// <summary>Null when this is no answer of a proxy.</summary>
    public static MidjourneyAnswer? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("code", out var code) || !code.TryReadNumber(out var number))
            {
                return null;
            }
            root.TryGetProperty("result", out var result);
            return new MidjourneyAnswer
            {
                Code = number,
                Description = root.TextOf("description"),
                TaskId = result.ValueKind is JsonValueKind.String or JsonValueKind.Number ? result.ToString() : "",
                IsResult = result.ValueKind is JsonValueKind.Array or JsonValueKind.Object,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes an accepted answer as the caller may see it: what waits in a queue is accepted too.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (member.NameEquals("code"u8) && member.Value.TryReadNumber(out var code) && code == Queued)
            {
                json.WriteNumber("code"u8, Accepted);
                continue;
            }
            member.WriteTo(json);
        }
        json.WriteEndObject();
    }

    /// <summary>Why the proxy did not take the task.</summary>
    public RelayFault ToFault()
    {
        var description = Masking.Mask(Description.Length > 0 ? Description : "The upstream did not accept the task.");
        // Room and accounts are the channel's matter; everything else is the request's.
        var code = Code switch
        {
            NoAccount => "channel:no_account",
            QueueFull or Saturated => SaturatedCode,
            _ => "task_refused",
        };
        return new RelayFault(Code == Saturated ? 429 : 400, code, description)
        {
            Type = "upstream_error",
            FromUpstream = true,
            Final = code == "task_refused",
            UpstreamCode = Code.ToString(CultureInfo.InvariantCulture),
            Leg = Leg.Body,
            Unmasked = Description,
        };
    }

    internal static void WriteFault(Utf8JsonWriter json, RelayFault fault, string requestId)
    {
        var fromProxy = int.TryParse(fault.UpstreamCode, NumberStyles.None, CultureInfo.InvariantCulture, out var code);
        json.WriteStartObject();
        json.WriteString("description"u8, fromProxy ? fault.Message : ErrorBody.WithRequestId(Describe(fault), requestId));
        json.WriteString("type"u8, "upstream_error"u8);
        json.WriteNumber("code"u8, fromProxy ? code : RequestError);
        json.WriteEndObject();
    }

    /// <summary>Clients look for the word; people read the sentence.</summary>
    private static string Describe(RelayFault fault) => fault.Code.Length == 0 ? fault.Message : $"{fault.Code}: {fault.Message}";
}
