using System.Text.Json;
using System.Text.Json.Serialization;

namespace NewApi.AdminService.Channels;

/// <summary>A page of channels with how many there are of each type.</summary>
internal sealed record ChannelPage(IReadOnlyList<ChannelView> Items, long Total, int Page, int PageSize, Dictionary<string, long> TypeCounts);

/// <summary>What a search finds: the same without page members.</summary>
internal sealed record ChannelFindings(IReadOnlyList<ChannelView> Items, long Total, Dictionary<string, long> TypeCounts);

internal sealed record ChannelCreateRequest
{
    public string? Mode { get; init; }

    public string? MultiKeyMode { get; init; }

    [JsonPropertyName("batch_add_set_key_prefix_2_name")]
    public bool AddKeyToName { get; init; }

    /// <summary>Missing when an older client sends the bare channel.</summary>
    public JsonElement? Channel { get; init; }
}

internal sealed record ChannelIdsRequest
{
    public long[]? Ids { get; init; }

    public string? Tag { get; init; }
}

internal sealed record TagRequest
{
    public string? Tag { get; init; }

    public string? NewTag { get; init; }

    public long? Priority { get; init; }

    public long? Weight { get; init; }

    public string? ModelMapping { get; init; }

    public string? Models { get; init; }

    public string? Groups { get; init; }

    public string? ParamOverride { get; init; }

    public string? HeaderOverride { get; init; }
}

internal sealed record FetchModelsRequest
{
    public string? BaseUrl { get; init; }

    public long Type { get; init; }

    public string? Key { get; init; }
}

internal sealed record CreatedView(long Id);

internal sealed record RepairView(int Success, int Fails);
