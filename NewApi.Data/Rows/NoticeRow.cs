using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>Something to tell the owner of an account by mail, webhook, Bark or Gotify.</summary>
[Table("newapi_notices")]
public sealed class NoticeRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id")]
    public long UserId { get; set; }

    /// <summary>What it is about, such as <c>quota_exceed</c>; limits count per account and kind.</summary>
    [Column("kind")]
    public string Kind { get; set => field = value ?? ""; } = "";

    [Column("title")]
    public string Title { get; set => field = value ?? ""; } = "";

    [Column("content")]
    public string Content { get; set => field = value ?? ""; } = "";

    [Column("created_at")]
    public long CreatedAt { get; set; }

    [Column("tries")]
    public long Tries { get; set; }

    /// <summary>When it is due; 0 once it was sent or given up.</summary>
    [Column("next_try")]
    public long NextTry { get; set; }
}
