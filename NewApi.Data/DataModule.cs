using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using NewApi.Data.Callers;
using NewApi.Data.Changes;
using NewApi.Data.Channels;
using NewApi.Data.Ledger;
using NewApi.Data.Notices;
using NewApi.Data.Options;
using NewApi.Data.Payments;
using NewApi.Data.Schema;
using NewApi.Data.Settings;
using NewApi.Data.Subscriptions;
using NewApi.Data.Tasks;
using NewApi.Data.Usage;
using NewApi.ServiceDefaults;

namespace NewApi.Data;

/// <summary>The database, the change signal and the stores, shared by all modules of a host.</summary>
public static class DataModule
{
    /// <summary>Reads the settings of specification: configuration §3.3 and §3.4 and registers the module; a second call does
    /// nothing. The host calls <see cref="IDatabaseInitializer.InitializeAsync"/> before it runs.</summary>
    public static IHostApplicationBuilder AddData(this IHostApplicationBuilder builder)
    {
        builder.Services.AddData(DataSettings.Read(builder.Settings()));
        return builder;
    }

    /// <summary>Registers the module with settings made elsewhere, as tests do.</summary>
    public static IServiceCollection AddData(this IServiceCollection services, DataSettings settings)
    {
        if (services.Any(service => service.ServiceType == typeof(DataSettings)))
        {
            return services;
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton(provider => new Database(settings.Main, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => settings.Log is null
            ? new LogDatabase(provider.GetRequiredService<Database>(), separate: false)
            : new LogDatabase(new Database(settings.Log, provider.GetRequiredService<TimeProvider>()), separate: true));
        services.AddSingleton<IDatabaseInitializer, DatabaseInitializer>();
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database");
        services.AddSingleton<RedisLink>();

        services.AddSingleton<ChangeSignal>();
        services.AddSingleton<IChangeSignal>(provider => provider.GetRequiredService<ChangeSignal>());
        services.AddHostedService(provider => provider.GetRequiredService<ChangeSignal>());

        services.AddSingleton<OptionStore>();
        services.AddSingleton<CallerStore>();
        services.AddSingleton<ChannelStore>();
        services.AddSingleton<AbilityStore>();
        services.AddSingleton<ChannelStatusStore>();
        services.AddSingleton<ChannelTestStore>();
        services.AddSingleton<ChannelTestLog>();
        services.AddSingleton<UsageLogStore>();
        services.AddSingleton<LogOutbox>();
        services.AddSingleton<UsageRollUps>();
        services.AddSingleton<EscrowStore>();
        services.AddSingleton<SettlementStore>();
        services.AddSingleton<TaskLedger>();
        services.AddSingleton<MidjourneyStore>();
        services.AddSingleton<TaskStore>();
        services.AddSingleton<LedgerAudit>();
        services.AddSingleton<RelayLeaseStore>();
        services.AddSingleton<SubscriptionStore>();
        services.AddSingleton<OrderStore>();
        services.AddSingleton<NoticeStore>();
        services.AddSingleton<BalanceWatch>();
        services.AddSingleton<SubscriptionWatch>();
        services.AddSingleton<IAfterMigration, LedgerOpening>();
        return services;
    }
}
