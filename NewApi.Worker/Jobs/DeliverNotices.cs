using NewApi.Data.Leases;
using NewApi.Data.Notices;
using NewApi.Data.Options;
using NewApi.Domain.Options;
using NewApi.Notifications;

namespace NewApi.Worker.Jobs;

/// <summary>Sends the notices that wait, a few at a time: one slow receiver must not keep the others waiting.</summary>
internal sealed class DeliverNotices(NoticeStore notices, NoticeSender sender, OptionStore options, ILogger<DeliverNotices> log) : IJob
{
    private const int Page = 200;
    private const int AtOnce = 8;

    public string Name => "deliver-notices";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromSeconds(10));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        var due = await notices.DueAsync(Page, cancel);
        if (due.Count > 0)
        {
            var settings = GatewayOptions.Parse(await options.LoadAsync(cancel), out _);
            await Parallel.ForEachAsync(
                due,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel },
                async (item, token) => await DeliverAsync(item, settings, token));
        }
        await notices.PruneAsync(cancel);
    }

    private async Task DeliverAsync(DueNotice due, GatewayOptions settings, CancellationToken cancel)
    {
        if (!await notices.ClaimAsync(due.Notice, cancel))
        {
            return;
        }
        try
        {
            await sender.SendAsync(due.Notice, due.User, settings, cancel);
            await notices.SentAsync(due.Notice, cancel);
        }
        catch (NoticeFailedException fault)
        {
            if (NoticeStore.IsLastTry(due.Notice))
            {
                log.NoticeGivenUp(due.Notice.Kind, due.User.Id, fault.Message);
            }
            else
            {
                log.NoticeDelayed(due.Notice.Kind, due.User.Id, fault.Message);
            }
        }
    }
}
