using Microsoft.Extensions.DependencyInjection.Extensions;
using NewApi.Data;
using NewApi.Data.Leases;
using NewApi.Notifications;
using NewApi.Payments;
using NewApi.Providers;
using NewApi.Providers.Probing;
using NewApi.ServiceDefaults;
using NewApi.ServiceDefaults.Egress;
using NewApi.Worker.Jobs;

namespace NewApi.Worker;

/// <summary>Everything that happens on a clock.</summary>
public static class WorkerModule
{
    /// <summary>Adds the jobs and the runner that gives each its turn.</summary>
    public static TBuilder AddWorker<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddData();
        builder.Services.TryAddSingleton(GatewayNode.Read(builder.Settings()));
        builder.Services.TryAddSingleton<LeaseStore>();
        builder.Services.TryAddSingleton<DeadEscrows>();
        builder.AddJob<ReleaseDeadEscrows>();
        builder.AddJob<AuditLedger>();
        builder.AddPayments();
        builder.AddNotifications();
        builder.Services.TryAddSingleton(NoticeLimit.Read(builder.Settings()));
        builder.AddJob<ReconcileOrders>();
        builder.AddJob<MaintainSubscriptions>();
        builder.AddJob<PruneSubscriptionHolds>();
        builder.AddJob<WarnOfLowBalances>();
        builder.AddJob<DeliverNotices>();
        builder.AddJob<FoldUsage>();
        builder.AddJob<SendLogRows>();
        builder.Services.TryAddSingleton(UpstreamConnections.Read(builder.Settings()));
        builder.Services.TryAddSingleton<UpstreamClients>();
        builder.Services.TryAddSingleton(provider => new UpstreamProbe(
            provider.GetRequiredService<UpstreamClients>().For,
            ProviderSettings.Read(builder.Settings().Text, builder.Settings().Flag),
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.TryAddSingleton(Random.Shared);
        builder.Services.TryAddSingleton(ChannelTestPlan.Read(builder.Settings()));
        builder.AddJob<TestChannels>();
        if (builder.Settings().Flag("UPDATE_TASK", true))
        {
            builder.AddJob<FollowDrawings>();
            builder.Services.TryAddSingleton(TaskPatience.Read(builder.Settings()));
            builder.AddJob<FollowTasks>();
        }
        builder.Services.AddHostedService<JobRunner>();
        return builder;
    }

    private static void AddJob<TJob>(this IHostApplicationBuilder builder)
        where TJob : class, IJob => builder.Services.AddSingleton<IJob, TJob>();
}
