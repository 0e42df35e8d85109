using NewApi.Data.Leases;
using NewApi.Data.Ledger;

namespace NewApi.Worker.Jobs;

/// <summary>Proves the books every night and says so in the log; what disagrees is an error for the operator to look at.</summary>
internal sealed class AuditLedger(LedgerAudit audit, ILogger<AuditLedger> log) : IJob
{
    public string Name => "audit-ledger";

    public JobSchedule Schedule { get; } = JobSchedule.Daily(new TimeOnly(3, 30));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        var report = await audit.RunAsync(cancel);
        if (report.IsClean)
        {
            log.BooksAreRight(report.Accounts, report.Subscriptions, report.Charges);
            return;
        }
        foreach (var discrepancy in report.Discrepancies)
        {
            log.BooksDisagree(discrepancy);
        }
    }
}
