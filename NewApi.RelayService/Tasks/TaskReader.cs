using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Endpoints;

namespace NewApi.RelayService.Tasks;

/// <summary>Shows callers their own tasks, as the database has them: no upstream is asked.</summary>
internal sealed class TaskReader(RelaySnapshots snapshots, Authenticator authenticator, TaskStore store, TaskBodies bodies)
{
    /// <summary>The task of the address, as OpenAI's video object.</summary>
    public Task WriteVideoAsync(HttpContext http, string id) => AnswerAsync(http, caller =>
        WriteAsync(http, caller, id, (task, server) => TaskReplies.WriteAsync(http, StatusCodes.Status200OK, json => TaskReplies.WriteVideo(json, task, server))));

    /// <summary>The task of the address, in the general form.</summary>
    public Task WriteTaskAsync(HttpContext http, string id) => AnswerAsync(http, caller => WriteTaskAsync(http, caller, id));

    /// <summary>The task that the body names as <c>task_id</c>.</summary>
    public Task WriteNamedAsync(HttpContext http) => AnswerAsync(http, async caller =>
        await bodies.ReadAsync(http) is { } body && body["task_id"]?.ToString() is { Length: > 0 } id
            ? await WriteTaskAsync(http, caller, id)
            : TaskOrders.Invalid("field task_id is required"));

    /// <summary>The tasks that the body names as <c>ids</c>; those that are not the caller's are left out.</summary>
    public Task WriteListAsync(HttpContext http) => AnswerAsync(http, async caller =>
    {
        if (await bodies.ReadAsync(http) is not { } body || body["ids"] is not JsonArray { Count: <= TaskStore.MostNamed } ids)
        {
            return TaskOrders.Invalid($"field ids must be a list of at most {TaskStore.MostNamed} ids");
        }
        var names = ids.Select(id => id?.ToString() ?? "").ToList();
        var tasks = await store.FindAsync(caller.UserId, names, http.RequestAborted);
        await TaskReplies.WriteSuccessAsync(http, json => WriteTasks(json, tasks.Where(task => caller.MayUse(task.Model)), snapshots.Current.Options.ServerAddress));
        return null;
    });

    /// <summary>Whose tasks are asked for.</summary>
    public Task<(Caller? Caller, RelayFault? Fault)> AuthenticateAsync(HttpContext http) =>
        authenticator.AuthenticateAsync(http, snapshots.Current, Dialect.Video, reads: true);

    /// <summary>A task of the caller's own; null for any other, and for those of models that the key may not use.</summary>
    public async Task<StoredTask?> FindAsync(Caller caller, string id, CancellationToken cancel) =>
        await store.FindAsync(caller.UserId, id, cancel) is { } task && caller.MayUse(task.Model) ? task : null;

    /// <summary>Nothing is read of a request before it is known whose it is.</summary>
    private async Task AnswerAsync(HttpContext http, Func<Caller, Task<RelayFault?>> answerAsync)
    {
        var requestId = RequestIds.Begin(http);
        var (caller, fault) = await AuthenticateAsync(http);
        if ((fault ?? await answerAsync(caller!)) is { } refusal)
        {
            await TaskFaults.WriteAsync(http, refusal, requestId);
        }
    }

    private Task<RelayFault?> WriteTaskAsync(HttpContext http, Caller caller, string id) =>
        WriteAsync(http, caller, id, (task, server) => TaskReplies.WriteSuccessAsync(http, json => TaskReplies.WriteTask(json, task, server)));

    private async Task<RelayFault?> WriteAsync(HttpContext http, Caller caller, string id, Func<StoredTask, string, Task> writeAsync)
    {
        if (await FindAsync(caller, id, http.RequestAborted) is not { } task)
        {
            return TaskFaults.NotFound;
        }
        await writeAsync(task, snapshots.Current.Options.ServerAddress);
        return null;
    }

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
