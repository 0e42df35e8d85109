namespace NewApi.Domain.Tasks;

/// <summary>How far a task has come.</summary>
public enum TaskState
{
    /// <summary>It is charged and stored, and no upstream has accepted it yet.</summary>
    NotStarted,

    /// <summary>An upstream has accepted it.</summary>
    Submitted,

    Queued,

    InProgress,

    Succeeded,

    Failed,

    /// <summary>The upstream says something that nobody understands: the task goes on.</summary>
    Unknown,

    /// <summary>The upstream says that it knows no such task. Never stored.</summary>
    Missing,
}

/// <summary>States as <c>tasks.status</c> has them (specification: data model §2.1).</summary>
public static class TaskStates
{
    public const string Success = "SUCCESS";
    public const string Failure = "FAILURE";

    public static string NameOf(TaskState state) => state switch
    {
        TaskState.NotStarted => "NOT_START",
        TaskState.Submitted => "SUBMITTED",
        TaskState.Queued => "QUEUED",
        TaskState.InProgress => "IN_PROGRESS",
        TaskState.Succeeded => Success,
        TaskState.Failed => Failure,
        _ => "UNKNOWN",
    };

    public static TaskState Parse(string? name) => name switch
    {
        null or "" or "NOT_START" => TaskState.NotStarted,
        "SUBMITTED" => TaskState.Submitted,
        "QUEUED" => TaskState.Queued,
        "IN_PROGRESS" => TaskState.InProgress,
        Success => TaskState.Succeeded,
        Failure => TaskState.Failed,
        _ => TaskState.Unknown,
    };

    public static bool IsEnd(this TaskState state) => state is TaskState.Succeeded or TaskState.Failed;

    /// <summary>What is shown of a task whose upstream tells no progress of its own.</summary>
    public static string ProgressOf(TaskState state) => state switch
    {
        TaskState.Submitted => "10%",
        TaskState.Queued => "20%",
        TaskState.InProgress => "30%",
        TaskState.Succeeded or TaskState.Failed => "100%",
        _ => "0%",
    };
}
