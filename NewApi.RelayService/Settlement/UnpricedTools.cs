using System.Collections.Concurrent;
using NewApi.Domain.Pricing;

namespace NewApi.RelayService.Settlement;

/// <summary>Tells the operator of tools that upstreams charge for and nobody has priced here: each once, and every call in a metric.</summary>
internal sealed class UnpricedTools(RelayMetrics metrics, ILogger<UnpricedTools> log)
{
    private const int MostNames = 100;

    private readonly ConcurrentDictionary<string, byte> _told = new(StringComparer.Ordinal);

    public void Note(Charge charge)
    {
        foreach (var tool in charge.UnpricedTools)
        {
            // Upstreams make these names up: a metric and a log must not grow with them.
            var known = _told.ContainsKey(tool) || _told.Count < MostNames;
            metrics.ToolUnpriced(known ? tool : "other");
            if (known && _told.TryAdd(tool, 0))
            {
                log.ToolUnpriced(tool);
            }
        }
    }
}
