using System.Text.Json;
using System.Text.Json.Serialization;
using NewApi.Domain.Pricing;

namespace NewApi.Data.Tasks;

/// <summary>What <c>tasks.private_data</c> holds (specification: data model §3.11): never shown to anybody.</summary>
public sealed record TaskFacts
{
    /// <summary>The upstream's name of the task; null until it is accepted.</summary>
    [JsonPropertyName("upstream_task_id")]
    public string? UpstreamId { get; init; }

    /// <summary>Where the result is; null where the upstream must be asked with the channel's credential.</summary>
    [JsonPropertyName("result_url")]
    public string? ResultUrl { get; init; }

    [JsonPropertyName("billing_source")]
    public string? BillingSource { get; init; }

    [JsonPropertyName("subscription_id")]
    public long? SubscriptionId { get; init; }

    [JsonPropertyName("token_id")]
    public long? TokenId { get; init; }

    /// <summary>What this gateway needs beyond what the reference keeps; null for tasks that the reference began.</summary>
    [JsonPropertyName("newapi")]
    public OwnTaskFacts? Own { get; init; }

    /// <summary>What the reference keeps and this gateway does not know.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

// Members with a default are settable: the generated reader would give those that can only be initialized none.

/// <summary>The order, its price and its money, as they were when it was placed.</summary>
public sealed record OwnTaskFacts
{
    /// <summary>Names the money of the task (<see cref="Ledger.TaskCharge.RequestId"/>).</summary>
    public required string RequestId { get; init; }

    public required TaskPrice Price { get; init; }

    /// <summary>What multiplies the price.</summary>
    public IReadOnlyDictionary<string, decimal> Factors { get; set; } = new Dictionary<string, decimal>();

    public string Username { get; set; } = "";

    public string TokenName { get; set; } = "";

    public string Path { get; set; } = "";

    /// <summary>The usage log tells of this task.</summary>
    public bool Logged { get; init; }

    /// <summary>What the accepting channel charges the operator; null where nobody knows.</summary>
    public long? Cost { get; init; }

    /// <summary>Length that was ordered.</summary>
    public int? Seconds { get; init; }

    public string? Size { get; init; }

    /// <summary>The public id of the task that this one continues.</summary>
    public string? Source { get; init; }

    /// <summary>Tells which of several keys the task was ordered with, without being one.</summary>
    public string? KeyMark { get; init; }

    /// <summary>When a task that had been given up succeeded after all, in unix seconds.</summary>
    public long? LateSuccess { get; init; }
}

/// <summary>What <c>tasks.properties</c> holds.</summary>
public sealed record TaskProperties
{
    /// <summary>The prompt, or the beginning of it.</summary>
    [JsonPropertyName("input")]
    public string Input { get; set; } = "";

    [JsonPropertyName("upstream_model_name")]
    public string UpstreamModel { get; set; } = "";

    [JsonPropertyName("origin_model_name")]
    public string Model { get; set; } = "";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TaskFacts))]
[JsonSerializable(typeof(TaskProperties))]
internal sealed partial class TaskJson : JsonSerializerContext;
