using Microsoft.Extensions.DependencyInjection.Extensions;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.ApiKeys;
using NewApi.AdminService.Budgets;
using NewApi.AdminService.Channels;
using NewApi.AdminService.CheckIns;
using NewApi.AdminService.Http;
using NewApi.AdminService.Models;
using NewApi.AdminService.Pages;
using NewApi.AdminService.Prices;
using NewApi.AdminService.Redemptions;
using NewApi.AdminService.Settings;
using NewApi.AdminService.Setup;
using NewApi.AdminService.Subscriptions;
using NewApi.AdminService.TopUps;
using NewApi.AdminService.Usage;
using NewApi.Data;
using NewApi.Data.Sessions;
using NewApi.Payments;
using NewApi.Providers;
using NewApi.Providers.Probing;
using NewApi.ServiceDefaults;
using NewApi.ServiceDefaults.Egress;
using Scalar.AspNetCore;

namespace NewApi.AdminService;

/// <summary>The control plane: everything below <c>/api</c>, the billing routes, and the page behind unknown paths.</summary>
public static class AdminModule
{
    private const string Document = "v1";

    /// <summary>Adds the services of the control plane, and the data module when nobody has.</summary>
    public static TBuilder AddAdmin<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddData();
        builder.AddPayments();
        builder.AddSessions();
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(AdminOptions.Read(builder.Settings()));
        services.TryAddSingleton<RateLimits>();
        services.TryAddSingleton<SessionCookie>();
        services.TryAddSingleton<Authentication>();
        services.TryAddSingleton<Passwords>();
        services.TryAddSingleton<Turnstile>();
        services.TryAddSingleton<StartTime>();
        services.TryAddSingleton<SetupState>();
        services.TryAddSingleton<LiveOptions>();
        services.TryAddSingleton<AccountLog>();
        services.TryAddSingleton<NewAccount>();
        services.TryAddSingleton<SecondFactor>();
        services.TryAddSingleton<ChannelWrites>();
        services.TryAddSingleton(UpstreamConnections.Read(builder.Settings()));
        services.TryAddSingleton<UpstreamClients>();
        services.TryAddSingleton(provider => new UpstreamProbe(
            provider.GetRequiredService<UpstreamClients>().For,
            ProviderSettings.Read(builder.Settings().Text, builder.Settings().Flag),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<RepairGate>();
        services.TryAddSingleton<RelayKeys>();
        services.TryAddSingleton<ModelIndex>();
        services.TryAddSingleton<PaymentAddresses>();
        services.TryAddSingleton(Random.Shared);
        services.TryAddSingleton<EgressClient>();
        services.TryAddSingleton<PriceSources>();
        services.AddHttpClient(Turnstile.Client, static client => client.Timeout = TimeSpan.FromSeconds(10));
        services.AddOpenApi(Document, static options => options.ShouldInclude = static description =>
            description.RelativePath is { } path && (path.StartsWith("api/", StringComparison.Ordinal) || path.Contains("dashboard/billing")));
        return builder;
    }

    /// <summary>Maps the routes of the control plane.</summary>
    public static TRoutes MapAdmin<TRoutes>(this TRoutes routes)
        where TRoutes : IEndpointRouteBuilder
    {
        // Made now, so that it says when the process started and not when somebody first asked.
        routes.ServiceProvider.GetRequiredService<StartTime>();

        var api = routes.MapEdge("/api");
        api.MapStatus();
        api.MapSetup();
        api.MapLogin();
        api.MapSecondFactor();
        api.MapSelf();
        api.MapUsers();
        api.MapApiKeys();
        api.MapChannels();
        api.MapChannelTags();
        api.MapPurchasePrices();
        api.MapChannelTests();
        api.MapModels();
        api.MapGroups();
        api.MapPricing();
        api.MapPricePreview();
        api.MapRatioSync();
        api.MapLogs();
        api.MapDrawings();
        api.MapTasks();
        api.MapUsageData();
        api.MapUsageExports();
        api.MapKeyUsage();
        api.MapRedemptions();
        api.MapTopUps();
        api.MapEpay();
        api.MapStripe();
        api.MapCreem();
        api.MapCheckIns();
        api.MapSubscriptions();
        api.MapPlanPurchases();
        api.MapPlanAdministration();
        api.MapBudgets();
        api.MapOptions();
        api.Map("/{**path}", static (HttpContext context) => JsonBody.UnknownPath(context.Request)).WithOrder(1000).ExcludeFromDescription();

        routes.MapEdge("/dashboard/billing").MapBilling();
        routes.MapEdge("/v1/dashboard/billing").MapBilling();

        routes.MapOpenApi();
        routes.MapScalarApiReference(static options => options.DisableDefaultFonts());
        routes.MapPages();
        return routes;
    }

    /// <summary>Category of the module's log lines.</summary>
    internal sealed class Log;
}
