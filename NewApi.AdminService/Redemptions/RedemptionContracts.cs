using System.Text.Json.Serialization;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Redemptions;

/// <summary>A redemption code as administrators see it: the code itself is what they hand out.</summary>
internal sealed record RedemptionView
{
    public long Id { get; init; }

    public long UserId { get; init; }

    public required string Key { get; init; }

    public long Status { get; init; }

    public required string Name { get; init; }

    public long Quota { get; init; }

    public long CreatedTime { get; init; }

    public long RedeemedTime { get; init; }

    public long Count { get; init; }

    public long UsedUserId { get; init; }

    public long ExpiredTime { get; init; }

    [JsonPropertyName("DeletedAt")]
    public DateTimeOffset? DeletedAt { get; init; }

    public static RedemptionView Of(RedemptionRow row) => new()
    {
        Id = row.Id,
        UserId = row.UserId,
        Key = row.Key,
        Status = row.Status,
        Name = row.Name,
        Quota = row.Quota,
        CreatedTime = row.CreatedTime,
        RedeemedTime = row.RedeemedTime,
        UsedUserId = row.UsedUserId,
        ExpiredTime = row.ExpiredTime,
        DeletedAt = row.DeletedAt,
    };
}

internal sealed record RedemptionRequest
{
    public long Id { get; init; }

    public string? Name { get; init; }

    public long Quota { get; init; }

    /// <summary>How many codes to make; one when absent.</summary>
    public int? Count { get; init; }

    public long ExpiredTime { get; init; }

    public long Status { get; init; }
}
