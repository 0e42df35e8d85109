using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>When a task of <c>tasks</c> is looked after next; there is a row for every task that is not over.</summary>
[Table("newapi_task_polls")]
public sealed class TaskPollRow
{
    /// <summary>The task's <c>id</c>.</summary>
    [Column("task_id"), PrimaryKey]
    public long TaskId { get; set; }

    /// <summary>Unix seconds.</summary>
    [Column("next_poll")]
    public long NextPoll { get; set; }

    /// <summary>How often in a row the upstream said that it knows no such task, or could not be asked.</summary>
    [Column("misses")]
    public long Misses { get; set; }

    /// <summary>The task was given up; whether it succeeds after all is only noted. Counts the looks that are left.</summary>
    [Column("late_looks")]
    public long LateLooks { get; set; }
}
