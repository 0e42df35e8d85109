using System.Text.Json;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Endpoints;

namespace NewApi.RelayService.Tasks;

/// <summary>Shows callers their own tasks, as the database has them: no upstream is asked.</summary>
internal sealed class TaskReader(RelaySnapshots snapshots, Authenticator authenticator, TaskStore store, TaskBodies bodies)
{
    /// <summary>The task of the address, as OpenAI's video object.</summary>
    public Task WriteVideoAsync(HttpContext http, string id) =>
        WriteAsync(http, id, (task, server) => TaskReplies.WriteAsync(http, StatusCodes.Status200OK, json => TaskReplies.WriteVideo(json, task, server)));

    /// <summary>The task of the address, in the general form.</summary>
    public Task WriteTaskAsync(HttpContext http, string id) =>
        WriteAsync(http, id, (task, server) => TaskReplies.WriteSuccessAsync(http, json => TaskReplies.WriteTask(json, task, server)));

    /// <summary>The task that the body names as <c>task_id</c>.</summary>
    public async Task WriteNamedAsync(HttpContext http)
    {
        var requestId = RequestIds.Begin(http);
        if (await bodies.ReadAsync(http) is not { } body || body["task_id"]?.ToString() is not { Length: > 0 } id)
        {
            await TaskFaults.WriteAsync(http, TaskOrders.Invalid("field task_id is required"), requestId);
            return;
        }
        await WriteTaskAsync(http, id);
    }

    /// <summary>The tasks that the body names as <c>ids</c>; those that are not the caller's are left out.</summary>
    public async Task WriteListAsync(HttpContext http)
    {
        var requestId = RequestIds.Begin(http);
        var (caller, fault) = await AuthenticateAsync(http);
        if (fault is not null)
        {
            await TaskFaults.WriteAsync(http, fault, requestId);
            return;
        }
        if (await bodies.ReadAsync(http) is not { } body || body["ids"] is not System.Text.Json.Nodes.JsonArray ids)
        {
            await TaskFaults.WriteAsync(http, TaskOrders.Invalid("field ids is required"), requestId);
            return;
        }
        var names = ids.Select(id => id?.ToString() ?? "").Where(id => id.Length > 0).ToList();
        var tasks = await store.FindAsync(caller!.UserId, names, http.RequestAborted);
        await TaskReplies.WriteSuccessAsync(http, json => WriteTasks(json, tasks.Where(task => MayRead(caller, task)), snapshots.Current.Options.ServerAddress));
    }

    /// <summary>Whose tasks are asked for.</summary>
    public Task<(Caller? Caller, RelayFault? Fault)> AuthenticateAsync(HttpContext http) =>
        authenticator.AuthenticateAsync(http, snapshots.Current, Dialect.Video);

    /// <summary>A task of the caller's own; null for any other.</summary>
    public async Task<StoredTask?> FindAsync(Caller caller, string id, CancellationToken cancel) =>
        await store.FindAsync(caller.UserId, id, cancel) is { } task && MayRead(caller, task) ? task : null;

    private async Task WriteAsync(HttpContext http, string id, Func<StoredTask, string, Task> writeAsync)
    {
        var requestId = RequestIds.Begin(http);
        var (caller, fault) = await AuthenticateAsync(http);
        var task = fault is null ? await FindAsync(caller!, id, http.RequestAborted) : null;
        await (task is null
            ? TaskFaults.WriteAsync(http, fault ?? TaskFaults.NotFound, requestId)
            : writeAsync(task, snapshots.Current.Options.ServerAddress));
    }

    /// <summary>A key that is limited to some models sees tasks of these alone.</summary>
    private static bool MayRead(Caller caller, StoredTask task) =>
        caller.Models is not { } models || models.Contains(task.Model) || models.Contains(ModelNames.Normalize(task.Model));

    private static void WriteTasks(Utf8JsonWriter json, IEnumerable<StoredTask> tasks, string server)
    {
        json.WriteStartArray();
        foreach (var task in tasks)
        {
            TaskReplies.WriteTask(json, task, server);
        }
        json.WriteEndArray();
    }
}
