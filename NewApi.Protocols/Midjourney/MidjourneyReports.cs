using System.Text.Json;
using NewApi.Domain.Midjourney;

namespace NewApi.Protocols.Midjourney;

/// <summary>
/// Reads what proxies say of tasks:
/// <c>{"id":"…","action":"IMAGINE","status":"IN_PROGRESS","progress":"37%","imageUrl":"…","failReason":null,"buttons":[…],…}</c>.
/// </summary>
public static class MidjourneyReports
{
    /// <summary>One task, as a proxy reports it on its own; null when it is none.</summary>
    public static MidjourneyReport? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The tasks that were asked for; null when the answer is no list, and so says nothing of any task.</summary>
    public static IReadOnlyList<MidjourneyReport>? ReadList(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return null;
            }
            var reports = new List<MidjourneyReport>(document.RootElement.GetArrayLength());
            foreach (var element in document.RootElement.EnumerateArray())
            {
                if (Read(element) is { } report)
                {
                    reports.Add(report);
                }
            }
            return reports;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static MidjourneyReport? Read(JsonElement task) =>
        task.ValueKind != JsonValueKind.Object || task.TextOf("id") is not { Length: > 0 } id
            ? null
            : new MidjourneyReport
            {
                Id = id,
                Status = task.TextOf("status").ToUpperInvariant(),
                Progress = task.TextOf("progress"),
                Prompt = task.TextOf("prompt"),
                PromptEn = task.TextOf("promptEn"),
                Description = task.TextOf("description"),
                State = task.TextOf("state"),
                StartTime = task.NumberOf("startTime"),
                FinishTime = task.NumberOf("finishTime"),
                ImageUrl = task.TextOf("imageUrl"),
                VideoUrl = task.TextOf("videoUrl"),
                VideoUrls = task.RawOf("videoUrls"),
                FailReason = Masking.Mask(task.TextOf("failReason")),
                Buttons = task.RawOf("buttons"),
                Properties = task.RawOf("properties"),
            };
}
