using System.Globalization;
using NewApi.Data.Changes;
using NewApi.Data.Leases;
using NewApi.Data.Subscriptions;

namespace NewApi.Worker.Jobs;

/// <summary>Ends held plans whose time is over and gives the points of new periods (specification: jobs §10).</summary>
internal sealed class MaintainSubscriptions(SubscriptionStore subscriptions, IChangeSignal changes) : IJob
{
    private const int Page = 300;

    public string Name => "maintain-subscriptions";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromMinutes(1));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        await WhileFullAsync(subscriptions.ExpireDueAsync, cancel);
        await WhileFullAsync(subscriptions.ResetDueAsync, cancel);
    }

    private async Task WhileFullAsync(Func<int, CancellationToken, Task<IReadOnlyList<long>>> step, CancellationToken cancel)
    {
        IReadOnlyList<long> users;
        do
        {
            users = await step(Page, cancel);
            foreach (var user in users.Distinct())
            {
                await changes.PublishAsync(ChangeTopic.Users, user.ToString(CultureInfo.InvariantCulture), CancellationToken.None);
            }
        }
        while (users.Count == Page);
    }
}
