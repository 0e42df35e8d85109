using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>One row per group and model that a channel serves; derived from the channel (specification: data model §3.4).</summary>
[Table("abilities")]
public sealed class AbilityRow
{
    [Column("group"), PrimaryKey(0)]
    public string Group { get; set => field = value ?? ""; } = "";

    [Column("model"), PrimaryKey(1)]
    public string Model { get; set => field = value ?? ""; } = "";

    [Column("channel_id"), PrimaryKey(2)]
    public long ChannelId { get; set; }

    [Column("enabled", CanBeNull = true)]
    public bool Enabled { get; set; }

    [Column("priority")]
    public long? Priority { get; set; }

    [Column("weight")]
    public long Weight { get; set; }

    [Column("tag")]
    public string? Tag { get; set; }
}
