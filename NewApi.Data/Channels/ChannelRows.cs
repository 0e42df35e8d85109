using NewApi.Data.Rows;

namespace NewApi.Data.Channels;

/// <summary>All channels with their routing index, as of one moment.</summary>
public sealed record ChannelRows(IReadOnlyList<ChannelRow> Channels, IReadOnlyList<AbilityRow> Abilities);
