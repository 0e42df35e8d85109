using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using NewApi.Data;

namespace NewApi.Payments;

/// <summary>The payment providers, for the routes that open and report payments and for the job that asks after them.</summary>
public static class PaymentsModule
{
    /// <summary>Name of the HTTP client that every call of a provider goes through; tests give it a primary handler of their own.</summary>
    public const string Client = "NewApi.Payments";

    /// <summary>Adds the providers; a second call does nothing.</summary>
    public static TBuilder AddPayments<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddData();
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(OrderCompletion)))
        {
            return builder;
        }
        services.AddHttpClient(Client, static client => client.Timeout = TimeSpan.FromSeconds(20))
            .ConfigurePrimaryHttpMessageHandler(static () => new SocketsHttpHandler
            {
                // Keys travel with the calls: where a redirect leads is not ours to follow.
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(10),
            });
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OrderCompletion>();
        services.AddSingleton<Epay>();
        services.AddSingleton<StripeCheckout>();
        services.AddSingleton<Creem>();
        services.AddSingleton<IPaymentProvider>(static provider => provider.GetRequiredService<Epay>());
        services.AddSingleton<IPaymentProvider>(static provider => provider.GetRequiredService<StripeCheckout>());
        services.AddSingleton<IPaymentProvider>(static provider => provider.GetRequiredService<Creem>());
        return builder;
    }
}
