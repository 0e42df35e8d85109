using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Domain.Tasks;

namespace NewApi.Data.Tasks;

/// <summary>A task as it stands in the database, read.</summary>
public sealed class StoredTask
{
    private const string PublicPrefix = "task_";
    private const int PublicLength = 32;
    private const int ShortestId = 6;
    private const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public StoredTask(TaskRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        Row = row;
        Facts = Read(row.PrivateData, static text => JsonSerializer.Deserialize(text, TaskJson.Default.TaskFacts)) ?? new TaskFacts();
        Properties = Read(row.Properties, static text => JsonSerializer.Deserialize(text, TaskJson.Default.TaskProperties)) ?? new TaskProperties();
        // Before ids were hidden, the upstream's was the task's own.
        UpstreamId = Facts.UpstreamId ?? (Facts.Own is null ? row.TaskId : "");
    }

    public TaskRow Row { get; }

    public TaskFacts Facts { get; }

    public TaskProperties Properties { get; }

    /// <summary>The id that callers know.</summary>
    public string Id => Row.TaskId;

    /// <summary>Empty until an upstream has accepted the task.</summary>
    public string UpstreamId { get; }

    public TaskState State => TaskStates.Parse(Row.Status);

    public string Model => Properties.Model;

    /// <summary>Where the result is, as far as anybody may know it.</summary>
    public string? ResultUrl => Facts.ResultUrl
        ?? (State == TaskState.Succeeded && Row.FailReason.StartsWith("http", StringComparison.Ordinal) ? Row.FailReason : null);

    /// <summary>What the upstream said, as JSON, under the name by which callers know the task; null for nothing.</summary>
    public string? PublicData =>
        string.IsNullOrWhiteSpace(Row.Data) ? null
        : UpstreamId.Length >= ShortestId && UpstreamId != Id ? Row.Data.Replace(UpstreamId, Id, StringComparison.Ordinal)
        : Row.Data;

    /// <summary>Where a film is: at its own address, or behind ours where only the gateway may fetch it.</summary>
    /// <param name="server">Where callers reach this gateway.</param>
    public string UrlAt(string server) =>
        ResultUrl is { } url && url.StartsWith("http", StringComparison.OrdinalIgnoreCase) ? url : $"{server}/v1/videos/{Id}/content";

    /// <summary>An id that nobody can guess.</summary>
    public static string NextId() => PublicPrefix + RandomNumberGenerator.GetString(Letters, PublicLength);

    /// <summary>Tells keys of one channel apart without keeping one.</summary>
    public static string MarkOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 8));

    private static T? Read<T>(string? json, Func<string, T?> read)
        where T : class
    {
        try
        {
            return string.IsNullOrWhiteSpace(json) ? null : read(json);
        }
        catch (JsonException)
        {
            // A row of somebody else's making: it is shown as far as it can be read.
            return null;
        }
    }
}
