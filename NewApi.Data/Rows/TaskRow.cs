using LinqToDB;
using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A music or video task (specification: data model §3.11).</summary>
[Table("tasks")]
public sealed class TaskRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }

    [Column("updated_at", CanBeNull = true)]
    public long UpdatedAt { get; set; }

    [Column("task_id")]
    public string TaskId { get; set => field = value ?? ""; } = "";

    [Column("platform")]
    public string Platform { get; set => field = value ?? ""; } = "";

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("channel_id", CanBeNull = true)]
    public long ChannelId { get; set; }

    [Column("group")]
    public string Group { get; set => field = value ?? ""; } = "";

    /// <summary>Points charged beforehand, given back on failure.</summary>
    [Column("quota", CanBeNull = true)]
    public long Quota { get; set; }

    [Column("action")]
    public string Action { get; set => field = value ?? ""; } = "";

    [Column("status")]
    public string Status { get; set => field = value ?? ""; } = "";

    [Column("fail_reason")]
    public string FailReason { get; set => field = value ?? ""; } = "";

    [Column("submit_time", CanBeNull = true)]
    public long SubmitTime { get; set; }

    [Column("start_time", CanBeNull = true)]
    public long StartTime { get; set; }

    [Column("finish_time", CanBeNull = true)]
    public long FinishTime { get; set; }

    [Column("progress")]
    public string Progress { get; set => field = value ?? ""; } = "";

    [Column("properties", DataType = DataType.Json)]
    public string? Properties { get; set; }

    /// <summary>Never returned to callers.</summary>
    [Column("private_data", DataType = DataType.Json)]
    public string? PrivateData { get; set; }

    /// <summary>The upstream's own payload.</summary>
    [Column("data", DataType = DataType.Json)]
    public string? Data { get; set; }
}
