using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A drawing task; its times are milliseconds (specification: data model §3.10). A record, because a task is compared with what it was.</summary>
[Table("midjourneys")]
public sealed record MidjourneyRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("code", CanBeNull = true)]
    public long Code { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("action")]
    public string Action { get; set => field = value ?? ""; } = "";

    [Column("mj_id")]
    public string MjId { get; set => field = value ?? ""; } = "";

    [Column("prompt")]
    public string Prompt { get; set => field = value ?? ""; } = "";

    [Column("prompt_en")]
    public string PromptEn { get; set => field = value ?? ""; } = "";

    [Column("description")]
    public string Description { get; set => field = value ?? ""; } = "";

    [Column("state")]
    public string State { get; set => field = value ?? ""; } = "";

    /// <summary>Milliseconds.</summary>
    [Column("submit_time", CanBeNull = true)]
    public long SubmitTime { get; set; }

    /// <summary>Milliseconds.</summary>
    [Column("start_time", CanBeNull = true)]
    public long StartTime { get; set; }

    /// <summary>Milliseconds.</summary>
    [Column("finish_time", CanBeNull = true)]
    public long FinishTime { get; set; }

    [Column("image_url")]
    public string ImageUrl { get; set => field = value ?? ""; } = "";

    [Column("video_url")]
    public string VideoUrl { get; set => field = value ?? ""; } = "";

    [Column("video_urls")]
    public string VideoUrls { get; set => field = value ?? ""; } = "";

    [Column("status")]
    public string Status { get; set => field = value ?? ""; } = "";

    [Column("progress")]
    public string Progress { get; set => field = value ?? ""; } = "";

    [Column("fail_reason")]
    public string FailReason { get; set => field = value ?? ""; } = "";

    [Column("channel_id", CanBeNull = true)]
    public long ChannelId { get; set; }

    [Column("quota", CanBeNull = true)]
    public long Quota { get; set; }

    /// <summary>JSON as delivered upstream.</summary>
    [Column("buttons")]
    public string Buttons { get; set => field = value ?? ""; } = "";

    /// <summary>JSON as delivered upstream.</summary>
    [Column("properties")]
    public string Properties { get; set => field = value ?? ""; } = "";

    /// <summary>Names the task's money in the ledger: the call that submitted it. Empty for rows of the reference.</summary>
    [Column("newapi_request_id")]
    public string RequestId { get; set => field = value ?? ""; } = "";
}
