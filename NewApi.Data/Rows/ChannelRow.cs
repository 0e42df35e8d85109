using LinqToDB;
using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>An upstream account (specification: data model §3.3).</summary>
[Table("channels")]
public sealed class ChannelRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("type")]
    public long Type { get; set; }

    /// <summary>Credentials; newline separated or a JSON array in multi-key mode.</summary>
    [Column("key")]
    public string Key { get; set => field = value ?? ""; } = "";

    [Column("open_ai_organization")]
    public string? OpenAiOrganization { get; set; }

    [Column("test_model")]
    public string? TestModel { get; set; }

    /// <summary>1 enabled, 2 disabled by hand, 3 disabled automatically.</summary>
    [Column("status")]
    public long Status { get; set; } = 1;

    [Column("name")]
    public string Name { get; set => field = value ?? ""; } = "";

    [Column("weight")]
    public long? Weight { get; set; }

    [Column("created_time", CanBeNull = true)]
    public long CreatedTime { get; set; }

    [Column("test_time", CanBeNull = true)]
    public long TestTime { get; set; }

    /// <summary>Milliseconds of the last test.</summary>
    [Column("response_time", CanBeNull = true)]
    public long ResponseTime { get; set; }

    [Column("base_url")]
    public string? BaseUrl { get; set; }

    [Column("other")]
    public string Other { get; set => field = value ?? ""; } = "";

    [Column("balance", CanBeNull = true)]
    public decimal Balance { get; set; }

    [Column("balance_updated_time", CanBeNull = true)]
    public long BalanceUpdatedTime { get; set; }

    /// <summary>Comma list.</summary>
    [Column("models")]
    public string Models { get; set => field = value ?? ""; } = "";

    /// <summary>Comma list.</summary>
    [Column("group")]
    public string Group { get; set => field = value ?? ""; } = "default";

    [Column("used_quota")]
    public long UsedQuota { get; set; }

    /// <summary>JSON object, alias to upstream model.</summary>
    [Column("model_mapping")]
    public string? ModelMapping { get; set; }

    [Column("status_code_mapping")]
    public string? StatusCodeMapping { get; set; }

    [Column("priority")]
    public long? Priority { get; set; }

    /// <summary>1: may be disabled automatically.</summary>
    [Column("auto_ban")]
    public long? AutoBan { get; set; } = 1;

    /// <summary>JSON, specification: data model §4.3.</summary>
    [Column("other_info")]
    public string OtherInfo { get; set => field = value ?? ""; } = "";

    [Column("tag")]
    public string? Tag { get; set; }

    /// <summary>JSON, specification: data model §4.2.</summary>
    [Column("setting")]
    public string? Setting { get; set; }

    [Column("param_override")]
    public string? ParamOverride { get; set; }

    [Column("header_override")]
    public string? HeaderOverride { get; set; }

    [Column("remark")]
    public string? Remark { get; set; }

    /// <summary>JSON, specification: data model §4.4.</summary>
    [Column("channel_info", DataType = DataType.Json)]
    public string? ChannelInfo { get; set; }

    /// <summary>JSON, specification: data model §4.2.</summary>
    [Column("settings")]
    public string? Settings { get; set; }

    /// <summary>JSON: what the upstream charges the operator, by model.</summary>
    [Column("newapi_purchase")]
    public string? Purchase { get; set; }
}
