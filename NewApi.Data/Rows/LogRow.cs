using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A line of the usage log (specification: data model §3.6); may live in a database of its own.</summary>
[Table("logs")]
public sealed class LogRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }

    /// <summary>1 top-up, 2 consume, 3 manage, 4 system, 5 error, 6 refund, 7 login.</summary>
    [Column("type", CanBeNull = true)]
    public long Type { get; set; }

    [Column("content")]
    public string Content { get; set => field = value ?? ""; } = "";

    [Column("username")]
    public string Username { get; set => field = value ?? ""; } = "";

    [Column("token_name")]
    public string TokenName { get; set => field = value ?? ""; } = "";

    [Column("model_name")]
    public string ModelName { get; set => field = value ?? ""; } = "";

    [Column("quota")]
    public long Quota { get; set; }

    [Column("prompt_tokens")]
    public long PromptTokens { get; set; }

    [Column("completion_tokens")]
    public long CompletionTokens { get; set; }

    /// <summary>Whole seconds.</summary>
    [Column("use_time")]
    public long UseTime { get; set; }

    [Column("is_stream")]
    public bool IsStream { get; set; }

    [Column("channel_id", CanBeNull = true)]
    public long ChannelId { get; set; }

    /// <summary>Always null in the database; filled when an administrator reads.</summary>
    [Column("channel_name")]
    public string? ChannelName { get; set; }

    [Column("token_id")]
    public long TokenId { get; set; }

    [Column("group")]
    public string Group { get; set => field = value ?? ""; } = "";

    [Column("ip")]
    public string Ip { get; set => field = value ?? ""; } = "";

    [Column("request_id")]
    public string RequestId { get; set => field = value ?? ""; } = "";

    [Column("upstream_request_id")]
    public string UpstreamRequestId { get; set => field = value ?? ""; } = "";

    /// <summary>JSON, specification: data model §4.5.</summary>
    [Column("other")]
    public string Other { get; set => field = value ?? ""; } = "";
}
