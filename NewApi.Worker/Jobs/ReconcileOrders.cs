using NewApi.Data.Leases;
using NewApi.Data.Options;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;
using NewApi.Payments;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Asks the providers what became of open orders, for the reports that never arrive: a payer who has paid gets what was bought, and orders
/// that nobody paid within a day are over.
/// </summary>
internal sealed class ReconcileOrders(
    OrderStore orders, OrderCompletion completion, IEnumerable<IPaymentProvider> providers, OptionStore options, ILogger<ReconcileOrders> log) : IJob
{
    private const int Page = 100;

    public string Name => "reconcile-orders";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromMinutes(1));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        var settings = GatewayOptions.Parse(await options.LoadAsync(cancel), out _);
        foreach (var payment in await orders.DueAsync(Page, cancel))
        {
            await LookAsync(payment, settings, cancel);
        }
        await orders.ExpireUnwatchedAsync(cancel);
    }

    private async Task LookAsync(PaymentRow payment, GatewayOptions settings, CancellationToken cancel)
    {
        var look = CheckoutLook.Open;
        try
        {
            if (providers.FirstOrDefault(provider => provider.Name == payment.Provider) is { } provider)
            {
                look = await provider.LookAsync(payment, settings, cancel);
            }
        }
        catch (PaymentProviderException fault)
        {
            log.LookFailed(fault, payment.Provider, payment.TradeNo);
        }
        if (look.Fact is { } fact && await completion.CompleteAsync(fact, cancel) is PaymentOutcome.Completed or PaymentOutcome.AlreadyComplete)
        {
            return;
        }
        var status = look.State switch
        {
            CheckoutState.Expired => OrderStatus.Expired,
            CheckoutState.Failed => OrderStatus.Failed,
            _ => null,
        };
        if (status is not null && await orders.CloseAsync(payment.TradeNo, payment.Provider, status, cancel))
        {
            log.Closed(payment.TradeNo, payment.Provider, status);
            return;
        }
        await orders.LookLaterAsync(payment, cancel);
    }
}
