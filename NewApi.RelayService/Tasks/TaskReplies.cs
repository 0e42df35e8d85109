using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using NewApi.Data.Tasks;
using NewApi.Domain.Tasks;

namespace NewApi.RelayService.Tasks;

/// <summary>Tasks as callers read them: OpenAI's video object, and the task of <c>{"code":"success","data":…}</c>.</summary>
internal static class TaskReplies
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(HttpContext http, int status, Action<Utf8JsonWriter> write)
    {
        if (http.RequestAborted.IsCancellationRequested || http.Response.HasStarted)
        {
            return;
        }
        using var body = new PooledBuffer();
        using (var json = new Utf8JsonWriter(body, Options))
        {
            write(json);
        }
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.Memory, http.RequestAborted);
    }

    public static Task WriteSuccessAsync(HttpContext http, Action<Utf8JsonWriter> writeData) => WriteAsync(http, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteString("code"u8, "success"u8);
        json.WriteString("message"u8, ""u8);
        json.WritePropertyName("data"u8);
        writeData(json);
        json.WriteEndObject();
    });

    /// <param name="json">The writer.</param>
    /// <param name="task">The task.</param>
    /// <param name="server">Where callers reach this gateway.</param>
    public static void WriteVideo(Utf8JsonWriter json, StoredTask task, string server)
    {
        var (state, row, own) = (task.State, task.Row, task.Facts.Own);
        json.WriteStartObject();
        json.WriteString("id"u8, task.Id);
        json.WriteString("task_id"u8, task.Id);
        json.WriteString("object"u8, "video"u8);
        json.WriteString("model"u8, task.Model);
        json.WriteString("status"u8, state switch
        {
            TaskState.NotStarted or TaskState.Submitted or TaskState.Queued => "queued"u8,
            TaskState.InProgress => "in_progress"u8,
            TaskState.Succeeded => "completed"u8,
            TaskState.Failed => "failed"u8,
            _ => "unknown"u8,
        });
        json.WriteNumber("progress"u8, int.TryParse(row.Progress.TrimEnd('%'), CultureInfo.InvariantCulture, out var percent) ? percent : 0);
        json.WriteNumber("created_at"u8, row.SubmitTime);
        if (row.FinishTime > 0)
        {
            json.WriteNumber("completed_at"u8, row.FinishTime);
        }
        if (own?.Seconds is { } seconds)
        {
            json.WriteString("seconds"u8, seconds.ToString(CultureInfo.InvariantCulture));
        }
        if (own?.Size is { Length: > 0 } size)
        {
            json.WriteString("size"u8, size);
        }
        if (own?.Source is { } source)
        {
            json.WriteString("remixed_from_video_id"u8, source);
        }
        if (state == TaskState.Failed)
        {
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, row.FailReason);
            json.WriteString("code"u8, "task_failed"u8);
            json.WriteEndObject();
        }
        if (state == TaskState.Succeeded)
        {
            json.WriteStartObject("metadata"u8);
            json.WriteString("url"u8, task.UrlAt(server));
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <inheritdoc cref="WriteVideo"/>
    public static void WriteTask(Utf8JsonWriter json, StoredTask task, string server)
    {
        var row = task.Row;
        json.WriteStartObject();
        json.WriteString("task_id"u8, task.Id);
        json.WriteString("platform"u8, row.Platform);
        json.WriteString("action"u8, row.Action);
        json.WriteString("status"u8, row.Status);
        json.WriteString("fail_reason"u8, task.State == TaskState.Failed ? row.FailReason : "");
        if (task.State == TaskState.Succeeded && row.Platform != "suno")
        {
            json.WriteString("result_url"u8, task.UrlAt(server));
        }
        json.WriteNumber("submit_time"u8, row.SubmitTime);
        json.WriteNumber("start_time"u8, row.StartTime);
        json.WriteNumber("finish_time"u8, row.FinishTime);
        json.WriteString("progress"u8, row.Progress);
        json.WritePropertyName("data"u8);
        if (task.PublicData is { } data)
        {
            json.WriteRawValue(data);
        }
        else
        {
            json.WriteNullValue();
        }
        json.WriteEndObject();
    }
}
