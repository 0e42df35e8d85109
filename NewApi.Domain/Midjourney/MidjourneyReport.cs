namespace NewApi.Domain.Midjourney;

/// <summary>What a proxy says of a task, whether it was asked or called us.</summary>
public sealed record MidjourneyReport
{
    public const string Success = "SUCCESS";
    public const string Failure = "FAILURE";
    public const string Done = "100%";

    public required string Id { get; init; }

    public string Status { get; init; } = "";

    public string Progress { get; init; } = "";

    public string Prompt { get; init; } = "";

    public string PromptEn { get; init; } = "";

    public string Description { get; init; } = "";

    public string State { get; init; } = "";

    /// <summary>Milliseconds.</summary>
    public long StartTime { get; init; }

    /// <summary>Milliseconds.</summary>
    public long FinishTime { get; init; }

    public string ImageUrl { get; init; } = "";

    public string VideoUrl { get; init; } = "";

    /// <summary>JSON as it came.</summary>
    public string VideoUrls { get; init; } = "";

    public string FailReason { get; init; } = "";

    /// <summary>JSON as it came.</summary>
    public string Buttons { get; init; } = "";

    /// <summary>JSON as it came.</summary>
    public string Properties { get; init; } = "";

    /// <summary>Nothing will come of it. A reason without an end counts too: some proxies give one and leave the status as it was.</summary>
    public bool IsFailed => Status is Failure or "CANCEL" || (FailReason.Length > 0 && Status != Success);

    public bool IsSuccess => !IsFailed && (Status == Success || Progress == Done);
}
