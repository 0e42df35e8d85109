using Microsoft.Extensions.DependencyInjection.Extensions;
using NewApi.Data;
using NewApi.Data.Sessions;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Endpoints;
using NewApi.RelayService.Limits;
using NewApi.RelayService.Metering;
using NewApi.RelayService.Midjourney;
using NewApi.RelayService.Realtime;
using NewApi.RelayService.Replies;
using NewApi.RelayService.Settlement;
using NewApi.RelayService.Tasks;
using NewApi.RelayService.Upstream;
using NewApi.RelayService.UsageLogging;
using NewApi.ServiceDefaults;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.RelayService;

/// <summary>The data plane: HTTP in, tokens out.</summary>
public static class RelayModule
{
    public static IHostApplicationBuilder AddRelay(this IHostApplicationBuilder builder)
    {
        builder.AddData();
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(RelayOptions.Read(builder.Settings()));
        services.AddMetrics();
        services.AddSingleton<RelayMetrics>();
        services.AddSingleton<RelayPipeline>();

        services.AddSingleton<CallerDirectory>();
        builder.AddSessions();
        services.AddSingleton<SessionCallers>();
        services.AddSingleton<Authenticator>();
        services.AddSingleton<RequestReader>();

        services.TryAddSingleton(Random.Shared);
        services.AddSingleton<Chooser>();
        services.AddSingleton<ChannelWatch>();
        services.AddSingleton<AutoDisable>();

        services.AddSingleton<Ledger>();
        services.AddSingleton<Affinity>();
        services.AddSingleton<CallLimits>();
        services.AddSingleton<LoadGuard>();
        services.AddSingleton<SharedLimits>();
        services.AddSingleton<Admission>();
        services.AddSingleton<Violations>();
        services.AddSingleton<UnpricedTools>();
        services.TryAddSingleton(UpstreamConnections.Read(builder.Settings()));
        services.TryAddSingleton<UpstreamClients>();
        services.TryAddSingleton<EgressClient>();
        services.AddSingleton<MediaFetch>();
        services.AddSingleton<OutgoingBody>();
        services.AddSingleton<UpstreamCaller>();
        services.AddSingleton<TokenCounter>();
        services.AddSingleton<PromptCounter>();
        services.AddSingleton<LocalCount>();
        services.AddSingleton<UsageMeter>();
        services.AddSingleton<UsageRecords>();
        services.AddSingleton<Delivery>();
        services.AddSingleton<RealtimeSession>();
        services.AddSingleton<MidjourneyProxy>();
        services.AddSingleton<MidjourneyRelay>();
        services.AddSingleton<MidjourneyPictures>();

        services.AddSingleton<TaskRecords>();
        services.AddSingleton<TaskBodies>();
        services.AddSingleton<TaskPipeline>();
        services.AddSingleton<TaskReader>();
        services.AddSingleton<TaskContent>();

        services.AddSingleton<RelaySnapshots>();
        services.AddSingleton<ErrorLog>();
        services.AddHostedService(provider => provider.GetRequiredService<RelaySnapshots>());
        services.AddHostedService(provider => provider.GetRequiredService<LoadGuard>());
        services.AddHostedService(provider => provider.GetRequiredService<SharedLimits>());
        services.AddHostedService(provider => provider.GetRequiredService<Ledger>());
        services.AddHostedService(provider => provider.GetRequiredService<ErrorLog>());
        services.AddHostedService(provider => provider.GetRequiredService<AutoDisable>());
        return builder;
    }

    public static IEndpointRouteBuilder MapRelay(this IEndpointRouteBuilder routes)
    {
        var relay = routes.MapGroup("");
        relay.MapText();
        relay.MapMedia();
        relay.MapRealtime();
        relay.MapMidjourney();
        relay.MapTasks();
        relay.MapModels();
        relay.MapUnserved();
        return routes;
    }
}
