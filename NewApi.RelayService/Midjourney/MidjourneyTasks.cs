using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.RelayService.Midjourney;

/// <summary>Writes stored tasks as a proxy would show them (specification: relay §9.1).</summary>
internal static class MidjourneyTasks
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> output, MidjourneyRow row, GatewayOptions options)
    {
        using var json = new Utf8JsonWriter(output, Relaxed);
        Write(json, row, options);
    }

    public static void WriteList(IBufferWriter<byte> output, IEnumerable<MidjourneyRow> rows, GatewayOptions options)
    {
        using var json = new Utf8JsonWriter(output, Relaxed);
        json.WriteStartArray();
        foreach (var row in rows)
        {
            Write(json, row, options);
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, MidjourneyRow row, GatewayOptions options)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, row.MjId);
        json.WriteString("action"u8, row.Action);
        json.WriteString("customId"u8, "");
        json.WriteString("botType"u8, "");
        json.WriteString("prompt"u8, row.Prompt);
        json.WriteString("promptEn"u8, row.PromptEn);
        json.WriteString("description"u8, row.Description);
        json.WriteString("state"u8, row.State);
        json.WriteNumber("submitTime"u8, row.SubmitTime);
        json.WriteNumber("startTime"u8, row.StartTime);
        json.WriteNumber("finishTime"u8, row.FinishTime);
        json.WriteString("imageUrl"u8, PictureOf(row, options));
        json.WriteString("videoUrl"u8, row.VideoUrl);
        WriteRaw(json, "videoUrls"u8, row.VideoUrls, "[]"u8);
        json.WriteString("status"u8, row.Status);
        json.WriteString("progress"u8, row.Progress);
        json.WriteString("failReason"u8, row.FailReason);
        WriteRaw(json, "buttons"u8, row.Buttons, "[]"u8);
        json.WriteString("maskBase64"u8, "");
        WriteRaw(json, "properties"u8, row.Properties, "{}"u8);
        json.WriteEndObject();
    }

    private static string PictureOf(MidjourneyRow row, GatewayOptions options) =>
        options.MjForwardUrlEnabled && row.ImageUrl.Length > 0 ? $"{options.ServerAddress}/mj/image/{row.MjId}" : row.ImageUrl;

    /// <summary>What was stored as JSON; rows of the reference may hold anything.</summary>
    private static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> name, string stored, ReadOnlySpan<byte> nothing)
    {
        json.WritePropertyName(name);
        if (stored.Length > 0)
        {
            try
            {
                using var document = JsonDocument.Parse(stored);
                document.RootElement.WriteTo(json);
                return;
            }
            catch (JsonException)
            {
                // Shown as nothing.
            }
        }
        json.WriteRawValue(nothing);
    }
}
