using NewApi.Data.Tasks;
using NewApi.Domain.Pricing;
using NewApi.Providers.Tasks;

namespace NewApi.RelayService.Tasks;

/// <summary>An order on its way: the call that brought it, and how far it has come.</summary>
internal sealed class TaskCall(RelayCall call, TaskSurface surface)
{
    public RelayCall Call => call;

    public TaskSurface Surface => surface;

    public TaskOrder Order { get; set; } = null!;

    /// <summary>The task that this one follows, else null.</summary>
    public StoredTask? Source { get; set; }

    /// <summary>Null until it is charged and stored.</summary>
    public StoredTask? Task { get; set; }

    /// <summary>What multiplies the price on the channel that is tried.</summary>
    public IReadOnlyDictionary<string, decimal> Factors { get; set; } = new Dictionary<string, decimal>();

    /// <summary>What the charge depends on.</summary>
    public ChargeFactors ChargeFactors { get; set; }
}
