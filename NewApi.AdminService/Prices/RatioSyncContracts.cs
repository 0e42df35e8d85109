using System.Text.Json.Serialization;

namespace NewApi.AdminService.Prices;

/// <summary>Somebody whose prices can be compared with ours.</summary>
internal sealed record SyncSourceView(long Id, string Name, string BaseUrl, long Status);

internal sealed record SyncFetchRequest
{
    /// <summary>Ids of <see cref="SyncSourceView"/>.</summary>
    public IReadOnlyList<long>? ChannelIds { get; init; }

    public IReadOnlyList<SyncUpstream>? Upstreams { get; init; }

    /// <summary>Seconds for each source.</summary>
    public int Timeout { get; init; }
}

internal sealed record SyncUpstream
{
    public long Id { get; init; }

    public string? Name { get; init; }

    public string? BaseUrl { get; init; }

    public string? Endpoint { get; init; }
}

/// <summary>The differences that an administrator has confirmed.</summary>
internal sealed record SyncApplyRequest
{
    public IReadOnlyList<SyncChange>? Changes { get; init; }
}

internal sealed record SyncChange
{
    public string? Model { get; init; }

    /// <summary>Name of the table, such as <c>model_ratio</c>.</summary>
    public string? RatioType { get; init; }

    public decimal Value { get; init; }
}

internal sealed record SyncAppliedView(int Changed, [property: JsonPropertyName("models")] IReadOnlyList<string> Models);
