using System.Text.Json;
using NewApi.Data.Channels;
using NewApi.Data.Leases;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.Domain.Midjourney;
using NewApi.Protocols.Midjourney;
using NewApi.Providers;
using NewApi.Providers.Probing;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Asks the proxies what became of drawings. Every drawing ends: with what its proxy says of it, or with a refund when its channel is gone, when
/// nobody knows whether it was ever taken, or when it takes too long.
/// </summary>
internal sealed class FollowDrawings(
    MidjourneyStore tasks, ChannelStore channels, UpstreamClients clients, TimeProvider clock, ILogger<FollowDrawings> log) : IJob
{
    private const int Page = 1000;
    private const int Batch = 100;
    private const int AtOnce = 8;
    private const int LargestAnswer = 16 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>A submission is answered or given up within three minutes; a row without an id that is older lost its process.</summary>
    private static readonly TimeSpan Unanswered = TimeSpan.FromMinutes(5);

    /// <summary>A drawing takes minutes. One that its proxy still works on after this, or no longer knows, comes to nothing.</summary>
    private static readonly TimeSpan TooLong = TimeSpan.FromHours(1);

    /// <summary>A proxy that is out of order may have the picture all the same: it is waited for longer.</summary>
    private static readonly TimeSpan Unreachable = TimeSpan.FromHours(24);

    /// <summary>Clocks of relays may differ from ours by so much.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    // Nothing that was submitted before this is open: what was, an earlier run has seen end. It spares the table a full look every time.
    private long _since;

    public string Name => "follow-drawings";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromSeconds(15));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var oldest = (now - Skew).ToUnixTimeMilliseconds();
        var after = 0L;
        List<MidjourneyRow> page;
        do
        {
            page = await tasks.UnfinishedAsync(_since, after, Page, cancel);
            after = page.Count > 0 ? page[^1].Id : after;
            oldest = page.Aggregate(oldest, static (least, row) => Math.Min(least, row.SubmitTime));
            await Parallel.ForEachAsync(
                page.GroupBy(row => row.ChannelId),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel },
                async (channel, token) => await FollowAsync(channel.Key, [.. channel], now, token));
        }
        while (page.Count == Page);
        _since = oldest;
    }

    /// <summary>One channel that cannot be looked after must not keep the others waiting.</summary>
    private async Task FollowAsync(long channelId, List<MidjourneyRow> rows, DateTimeOffset now, CancellationToken cancel)
    {
        try
        {
            await LookAsync(channelId, rows, now, cancel);
        }
        catch (Exception problem) when (!cancel.IsCancellationRequested)
        {
            log.ChannelTrouble(channelId, problem.GetType().Name);
        }
    }

    private async Task LookAsync(long channelId, List<MidjourneyRow> rows, DateTimeOffset now, CancellationToken cancel)
    {
        foreach (var row in rows.Where(row => row.MjId.Length == 0 && IsOlder(row, now, Unanswered)))
        {
            await TryAsync(row, () => FailAsync(row, "Nobody knows whether the upstream took the task.", cancel), cancel);
        }
        rows.RemoveAll(row => row.MjId.Length == 0);
        if (await channels.FindAsync(channelId, cancel) is not { } channel)
        {
            foreach (var row in rows)
            {
                await TryAsync(row, () => FailAsync(row, "The channel of the task no longer exists.", cancel), cancel);
            }
            return;
        }
        foreach (var batch in rows.GroupBy(row => row.MjId).Chunk(Batch))
        {
            var (reports, complete) = await AskAsync(channel, [.. batch.Select(task => task.Key)], cancel);
            foreach (var row in batch.SelectMany(task => task))
            {
                await TryAsync(row, () => ConcludeAsync(row, reports.GetValueOrDefault(row.MjId), complete, now, cancel), cancel);
            }
        }
    }

    /// <summary>One drawing that cannot be written must not keep the others waiting; the next run sees it again.</summary>
    private async Task TryAsync(MidjourneyRow row, Func<Task> step, CancellationToken cancel)
    {
        try
        {
            await step();
        }
        catch (Exception problem) when (!cancel.IsCancellationRequested)
        {
            log.DrawingTrouble(row.Id, problem.GetType().Name);
        }
    }

    private async Task ConcludeAsync(MidjourneyRow row, MidjourneyReport? report, bool complete, DateTimeOffset now, CancellationToken cancel)
    {
        if (report is not null)
        {
            await tasks.ReportAsync(row, report, cancel);
        }
        var ended = report is { IsFailed: true } or { IsSuccess: true };
        // A proxy that could not be asked says nothing about the task.
        if (!ended && IsOlder(row, now, complete || report is not null ? TooLong : Unreachable))
        {
            await FailAsync(row, "The task took too long.", cancel);
        }
    }

    /// <summary>Asks with one key after the other until everything is known; complete when every key has had its say.</summary>
    private async Task<(Dictionary<string, MidjourneyReport> Reports, bool Complete)> AskAsync(ChannelRow row, List<string> ids, CancellationToken cancel)
    {
        var reports = new Dictionary<string, MidjourneyReport>(StringComparer.Ordinal);
        // A key that was disabled may be the one that the drawing was submitted with.
        var keys = KeyList.Of(row);
        var complete = keys.Count > 0;
        foreach (var key in keys)
        {
            var missing = ids.Where(id => !reports.ContainsKey(id)).ToList();
            if (missing.Count == 0)
            {
                return (reports, true);
            }
            if (await AskAsync(row.Id, TestChannels.TargetOf(row, key.Secret), missing, cancel) is not { } said)
            {
                complete = false;
                continue;
            }
            foreach (var report in said)
            {
                reports[report.Id] = report;
            }
        }
        return (reports, complete);
    }

    /// <summary>Null when the proxy gave no answer that could be read.</summary>
    private async Task<IReadOnlyList<MidjourneyReport>?> AskAsync(
        long channelId, ProbeTarget proxy, List<string> ids, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Patience);
        try
        {
            if (proxy.Ask(Dialect.Midjourney, "", clock) is not { } message)
            {
                return null;
            }
            var body = JsonSerializer.SerializeToUtf8Bytes(new Question(ids), JsonSerializerOptions.Web);
            using var request = UpstreamRequests.Post(new Uri(message.Account.BaseUrl + "/mj/task/list-by-condition"), new ReadOnlyMemoryContent(body));
            request.Headers.TryAddWithoutValidation("mj-api-secret", message.Key);
            message.Override(request);
            using var response = await clients.For(proxy.Proxy).SendAsync(request, deadline.Token);
            if (!response.IsSuccessStatusCode)
            {
                log.ProxyRefuses(channelId, (int)response.StatusCode);
                return null;
            }
            await response.Content.LoadIntoBufferAsync(LargestAnswer, deadline.Token);
            return MidjourneyReports.ReadList(await response.Content.ReadAsByteArrayAsync(deadline.Token));
        }
        catch (Exception problem) when (!cancel.IsCancellationRequested)
        {
            // Whatever it is, such as a proxy that is none: it is no answer, and what was asked about ends when that has lasted too long.
            log.ProxyUnreachable(channelId, problem.GetType().Name);
            return null;
        }
    }

    private async Task FailAsync(MidjourneyRow row, string reason, CancellationToken cancel)
    {
        if (await tasks.FailAsync(row, reason, cancel))
        {
            log.DrawingGivenUp(row.Id, row.ChannelId, reason);
        }
    }

    private static bool IsOlder(MidjourneyRow row, DateTimeOffset now, TimeSpan age) =>
        now.ToUnixTimeMilliseconds() - row.SubmitTime > (long)age.TotalMilliseconds;

    private sealed record Question(List<string> Ids);
}
