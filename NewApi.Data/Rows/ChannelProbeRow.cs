using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>What tests have found of a channel, or of one key of several, that did not pass its last one.</summary>
[Table("newapi_channel_probes")]
public sealed class ChannelProbeRow
{
    [Column("channel_id"), PrimaryKey(0)]
    public long ChannelId { get; set; }

    /// <summary>Place of the key in the channel's row; −1 for the channel itself.</summary>
    [Column("key_index"), PrimaryKey(1)]
    public long KeyIndex { get; set; }

    /// <summary>When it was disabled; 0 while it is enabled. A row of another time tells of another story.</summary>
    [Column("since")]
    public long Since { get; set; }

    /// <summary>Tests in a row that failed.</summary>
    [Column("failures")]
    public long Failures { get; set; }

    /// <summary>When a disabled one is tested next.</summary>
    [Column("next_probe")]
    public long NextProbe { get; set; }
}
