using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Tasks;

namespace NewApi.Providers.Tasks;

/// <summary>What an upstream said to an order.</summary>
public sealed record TaskReceipt
{
    /// <summary>The upstream's name of the task; empty unless it was accepted.</summary>
    public string UpstreamId { get; init; } = "";

    /// <summary>The answer as it came.</summary>
    public JsonElement Data { get; init; }

    /// <summary>What multiplies the price by what the upstream says; null when it says nothing about it.</summary>
    public IReadOnlyDictionary<string, decimal>? Factors { get; init; }

    /// <summary>Why there is no task; null when there is one.</summary>
    public RelayFault? Fault { get; init; }

    /// <summary>Nobody knows whether the upstream works on it: it must not be ordered a second time.</summary>
    public bool Unsure { get; init; }

    public static TaskReceipt Accepted(string upstreamId, JsonElement data) => new() { UpstreamId = upstreamId, Data = data };

    internal static TaskReceipt Refused(RelayFault fault) => new() { Fault = fault, Unsure = fault.Status is 504 or 524 };

    internal static TaskReceipt Lost(int status, string message) =>
        new() { Fault = new RelayFault(status, "do_request_failed", message) { Leg = Leg.Body }, Unsure = true };
}

/// <summary>A task that an upstream is asked about.</summary>
/// <param name="UpstreamId">The upstream's name of it.</param>
/// <param name="Action">One of <see cref="TaskActions"/>.</param>
/// <param name="Model">The upstream's name of the model.</param>
public sealed record AskedTask(string UpstreamId, string Action, string Model);

/// <summary>What an upstream says of one task.</summary>
public sealed record TaskReport
{
    public required string UpstreamId { get; init; }

    public required TaskState State { get; init; }

    /// <summary>0 to 100; null when the upstream does not tell.</summary>
    public int? Progress { get; init; }

    /// <summary>
    /// Where anybody may fetch the result, or a data URI, or what only <see cref="TaskService.FileOfAsync"/> can read; null when the task's id is enough
    /// to fetch it with the channel's credential.
    /// </summary>
    public string? Url { get; init; }

    /// <summary>Why it failed; masked before anybody sees it.</summary>
    public string? Reason { get; init; }

    /// <summary>Tokens that it took, where the upstream counts them: they price a task that is sold by tokens.</summary>
    public long? Tokens { get; init; }

    /// <summary>What multiplies the price by what came out; null where the order decides.</summary>
    public IReadOnlyDictionary<string, decimal>? Factors { get; init; }

    /// <summary>The answer as it came.</summary>
    public JsonElement Data { get; init; }
}

/// <summary>What came of asking: reports, or the reason why there are none this time.</summary>
public sealed record TaskAnswer(IReadOnlyList<TaskReport> Reports, RelayFault? Fault);

/// <summary>Where the file of a finished task is.</summary>
/// <param name="Address">An address for anybody, or a data URI; null when the upstream must be asked.</param>
/// <param name="Request">Asks the channel's own upstream, credential included; it must never go to an address that a caller chose.</param>
public sealed record TaskFile(string? Address, HttpRequestMessage? Request = null);

/// <summary>An upstream says no to an order, or has no answer to a question.</summary>
/// <param name="fault">What it says.</param>
/// <param name="namesMissing">It says so in a code of its own.</param>
internal sealed class TaskRefusedException(RelayFault fault, bool namesMissing = false) : Exception(fault.Message)
{
    public RelayFault Fault => fault;

    /// <summary>
    /// There is no such task. Status 400 alone does not say that: Google answers with it to a key that has expired.
    /// </summary>
    public bool SaysMissing => namesMissing || fault.Status is 404 or 410;
}
