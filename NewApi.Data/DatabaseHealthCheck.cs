using LinqToDB;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace NewApi.Data;

/// <summary>Ready means that the database answers.</summary>
internal sealed class DatabaseHealthCheck(Database database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var db = database.Open();
            await db.SelectAsync(() => Database.UnixNow(), cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy($"{database.Address} does not answer", problem);
        }
    }
}
