using Microsoft.Extensions.DependencyInjection;

namespace NewApi.Data.Ledger;

/// <summary>The <c>audit</c> command: proves the books on the console.</summary>
public static class AuditCommand
{
    private const int Clean = 0;
    private const int Disagreement = 2;

    /// <returns>The exit code: 0 when the books are right, 2 when they disagree somewhere.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, CancellationToken cancel)
    {
        var report = await services.GetRequiredService<LedgerAudit>().RunAsync(cancel);
        Console.Out.WriteLine($"{report.Accounts} accounts, {report.Subscriptions} subscriptions and {report.Charges} charged calls compared.");
        foreach (var discrepancy in report.Discrepancies)
        {
            Console.Out.WriteLine($"  {discrepancy}");
        }
        Console.Out.WriteLine(report.IsClean ? "The books are right." : $"{report.Discrepancies.Count} discrepancies.");
        return report.IsClean ? Clean : Disagreement;
    }
}
