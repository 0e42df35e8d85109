using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.RelayService.Tasks;

/// <summary>Reads the small bodies of questions about tasks.</summary>
internal sealed class TaskBodies(RequestReader reader, RelaySnapshots snapshots)
{
    /// <summary>Null when it is no JSON object.</summary>
    public async Task<JsonObject?> ReadAsync(HttpContext http)
    {
        using var call = new RelayCall(http, Dialect.Video, "", 0) { Snapshot = snapshots.Current };
        if (await reader.ReadBodyAsync(call) is not null)
        {
            return null;
        }
        try
        {
            return JsonNode.Parse(call.Body!.Span, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
