using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using NewApi.Data;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.Notifications;

/// <summary>Mail, and notices to the owners of accounts.</summary>
public static class NotificationsModule
{
    public static TBuilder AddNotifications<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddData();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<EgressClient>();
        builder.Services.TryAddSingleton<NoticeSender>();
        return builder;
    }
}
