using NewApi.Data;
using NewApi.Data.Channels;
using NewApi.Data.Leases;
using NewApi.Data.Notices;
using NewApi.Data.Options;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.Providers.Probing;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Tests channels: all of them by the clock or when an administrator asks, and those that the gateway has disabled ever less often until they
/// answer. What passes is enabled again, what is refused for good is disabled, by the rules of live calls (specification: jobs §5,
/// relay §3.15).
/// </summary>
internal sealed class TestChannels(
    ChannelStore channels,
    ChannelStatusStore statuses,
    ChannelTestStore tests,
    ChannelTestLog testLog,
    UpstreamProbe probe,
    OptionStore options,
    Database database,
    ChannelTestPlan plan,
    NoticeLimit limit,
    Random random,
    TimeProvider clock,
    ILogger<TestChannels> log) : IJob
{
    /// <summary>What receivers of webhooks know the notice of a finished run by.</summary>
    public const string Kind = "channel_test";

    private const int AtOnce = 4;
    private const int Whole = -1;

    /// <summary>Failed tests in a row that count like the used-up failure budget of live calls.</summary>
    private const int FailureBudget = 3;

    private static readonly TimeSpan FirstProbe = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromHours(1);

    public string Name => "test-channels";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromSeconds(10));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        var settings = GatewayOptions.Parse(await options.LoadAsync(cancel), out _);
        var (asked, last) = await tests.LookAsync(cancel);
        var now = Now;
        var scheduled = plan.Period(settings.Monitor) is { } period && (last is not { } at || now - at >= (long)period.TotalSeconds);
        if (!asked && !scheduled && !plan.Recovers(settings))
        {
            return;
        }
        var found = await tests.LoadAsync(cancel);
        var subjects = (await channels.LoadAllAsync(cancel)).Channels.SelectMany(SubjectsOf);
        if (!asked && !scheduled)
        {
            await RunAsync([.. subjects.Where(subject => subject.IsDisabled && NextProbe(subject, found) <= now)], found, settings, true, cancel);
            return;
        }
        await tests.PruneAsync(cancel);
        await tests.BeginAsync(lease, now, cancel);
        try
        {
            var passive = !asked && settings.Monitor.OnlyRecovery;
            // While back-off decides when a disabled one is tested, the clock does not.
            var due = asked ? subjects : subjects.Where(subject =>
                subject.IsDisabled ? !plan.Recovers(settings) || NextProbe(subject, found) <= now : !passive);
            var (tested, failed) = await RunAsync([.. due], found, settings, passive, cancel);
            log.ChannelsTested(tested, failed);
            if (asked)
            {
                await TellAsync(tested, failed, settings, cancel);
            }
        }
        finally
        {
            await tests.EndAsync(lease, CancellationToken.None);
        }
    }

    /// <summary>What is tested of a channel: one of its enabled keys, and everything that the gateway has disabled.</summary>
    private IEnumerable<Subject> SubjectsOf(ChannelRow row)
    {
        if (row.Status is not (ChannelStatus.Enabled or ChannelStatus.DisabledAutomatically))
        {
            yield break;
        }
        var keys = KeyList.Of(row);
        var enabled = keys.Where(key => key.Status == ChannelStatus.Enabled).ToList();
        if (enabled.Count > 0)
        {
            var key = enabled[random.Next(enabled.Count)];
            yield return row.Status == ChannelStatus.DisabledAutomatically
                ? new Subject(row, key, Whole, IsDisabled: true, ChannelStatusStore.DisabledAt(row))
                : new Subject(row, key, MultiKeyInfo.Parse(row.ChannelInfo).IsMultiKey ? key.Index : Whole, IsDisabled: false, Since: 0);
        }
        foreach (var key in keys.Where(key => key.Status == ChannelStatus.DisabledAutomatically))
        {
            yield return new Subject(row, key, key.Index, IsDisabled: true, key.DisabledAt);
        }
    }

    private async Task<(int Tested, int Failed)> RunAsync(
        IReadOnlyList<Subject> subjects,
        IReadOnlyDictionary<(long, int), ChannelProbeRow> found,
        GatewayOptions settings,
        bool passive,
        CancellationToken cancel)
    {
        var tested = 0;
        var failed = 0;
        var several = plan.Pause == TimeSpan.Zero;
        await Parallel.ForEachAsync(
            subjects,
            new ParallelOptions { MaxDegreeOfParallelism = several ? AtOnce : 1, CancellationToken = cancel },
            async (subject, token) =>
            {
                var passed = await TestAsync(subject, found.GetValueOrDefault((subject.Row.Id, subject.Index)), settings, passive, token);
                Interlocked.Add(ref tested, passed is null ? 0 : 1);
                Interlocked.Add(ref failed, passed == false ? 1 : 0);
                if (!several)
                {
                    await Task.Delay(plan.Pause, clock, token);
                }
            });
        return (tested, failed);
    }

    /// <summary>True: passed; null: there is nothing to be tested.</summary>
    private async Task<bool?> TestAsync(Subject subject, ChannelProbeRow? before, GatewayOptions settings, bool passive, CancellationToken cancel)
    {
        var row = subject.Row;
        var model = TestModel.Of(row);
        var answer = ModelMapping.Parse(row.ModelMapping).TryFollow(model, out var upstreamModel)
            ? await probe.AskAsync(TargetOf(row, subject.Key.Secret), upstreamModel, endpoint: "", stream: false, cancel)
            : new ProbeAnswer(Unmapped, TimeSpan.Zero);
        if (answer.Fault is { Raw: null })
        {
            return null;
        }
        if (answer.Elapsed > TimeSpan.Zero)
        {
            await tests.RecordAsync(row.Id, answer.Elapsed, Now, cancel);
        }
        if (answer.Fault is null)
        {
            await testLog.WriteAsync(row, model, answer.Usage, answer.Elapsed, stream: false, settings, cancel);
        }
        var slow = settings.ChannelDisableThreshold is { } threshold && answer.Elapsed > threshold;
        var passed = answer.Fault is null && !slow;
        if (subject.IsDisabled && passed && settings.AutomaticEnableChannelEnabled)
        {
            await EnableAsync(subject, cancel);
        }
        else if (!subject.IsDisabled && !passive && !passed)
        {
            await JudgeAsync(subject, before, answer, model, slow, settings, cancel);
        }
        if (!passed)
        {
            await NoteAsync(subject, before, answer, cancel);
        }
        else if (before is not null)
        {
            await tests.ForgetAsync(row.Id, subject.Index, cancel);
        }
        return passed;
    }

    private async Task EnableAsync(Subject subject, CancellationToken cancel)
    {
        var change = await statuses.EnableAsync(subject.Row.Id, subject.Key.Index, subject.Key.Secret, cancel);
        if (change != StatusChange.Nothing)
        {
            log.ChannelEnabled(NameOf(change, subject), subject.Row.Id);
        }
    }

    private async Task JudgeAsync(
        Subject subject, ChannelProbeRow? before, ProbeAnswer answer, string model, bool slow, GatewayOptions settings, CancellationToken cancel)
    {
        var raw = answer.Fault?.Raw;
        var exhausted = Failures(subject, before) + 1 >= FailureBudget;
        string reason;
        if (raw is not null && DisableRule.IsDue(raw, settings, exhausted))
        {
            reason = DisableRule.ReasonOf(raw, model, stream: false);
        }
        else if (slow && settings.AutomaticDisableChannelEnabled)
        {
            reason = $"channel:response_time_exceeded: a test took {answer.Elapsed.TotalSeconds:0.0} s, more than "
                + $"{settings.ChannelDisableThreshold!.Value.TotalSeconds:0.###} s (model {model})";
        }
        else
        {
            return;
        }
        var secret = raw is not null && DisableRule.IsOfChannel(raw) ? null : subject.Key.Secret;
        var change = await statuses.DisableAsync(subject.Row.Id, subject.Key.Index, secret, reason, cancel);
        if (change != StatusChange.Nothing)
        {
            log.ChannelDisabled(NameOf(change, subject), subject.Row.Id);
        }
    }

    private Task NoteAsync(Subject subject, ChannelProbeRow? before, ProbeAnswer answer, CancellationToken cancel)
    {
        var failures = Failures(subject, before) + 1;
        var pause = TimeSpan.FromTicks(Math.Min(FirstProbe.Ticks << (int)Math.Min(failures, 20), LongestBackOff.Ticks));
        // An upstream that says when it is back is not asked before.
        var asked = answer.Fault?.Raw?.RetryAfter ?? TimeSpan.Zero;
        return tests.NoteAsync(
            new ChannelProbeRow
            {
                ChannelId = subject.Row.Id,
                KeyIndex = subject.Index,
                Since = subject.Since,
                Failures = failures,
                NextProbe = Now + (long)(asked > pause && asked < TimeSpan.FromDays(1) ? asked : pause).TotalSeconds,
            },
            cancel);
    }

    private Task TellAsync(int tested, int failed, GatewayOptions settings, CancellationToken cancel) => database.WriteAsync(
        async (db, token) =>
        {
            if (await statuses.FindRootAsync(token) is { } root)
            {
                await NoticeStore.AddAsync(
                    db,
                    root.Id,
                    Kind,
                    $"{settings.SystemName}: all channels are tested",
                    $"{tested} channels and keys were tested, {failed} failed.",
                    limit.Count,
                    limit.Window,
                    Now,
                    token);
            }
        },
        cancel);

    private static long NextProbe(Subject subject, IReadOnlyDictionary<(long, int), ChannelProbeRow> found) =>
        found.TryGetValue((subject.Row.Id, subject.Index), out var probe) && probe.Since == subject.Since
            ? probe.NextProbe
            : subject.Since + (long)FirstProbe.TotalSeconds;

    /// <summary>A count of another time, before it was disabled or enabled, is none of now.</summary>
    private static long Failures(Subject subject, ChannelProbeRow? before) => before?.Since == subject.Since ? before.Failures : 0;

    private static string NameOf(StatusChange change, Subject subject) =>
        change == StatusChange.Key ? $"Key {subject.Key.Index} of channel" : "Channel";

    internal static ProbeTarget TargetOf(ChannelRow row, string key) => new(row.Type, key, row.BaseUrl)
    {
        Other = row.Other,
        Organization = row.OpenAiOrganization,
        Setting = row.Setting,
        Settings = row.Settings,
        HeaderOverride = row.HeaderOverride,
        ParamOverride = row.ParamOverride,
        Created = row.CreatedTime,
    };

    private static ProbeFault Unmapped { get; } = new(
        ProbeFailure.SetUp, new RelayFault(500, "channel:model_mapped_error", "The channel's model mapping cannot be followed."));

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A channel, or one key of it, to be tested.</summary>
    /// <param name="Row">The channel.</param>
    /// <param name="Key">The key that it is tested with.</param>
    /// <param name="Index">The key's place where the test is of that key, else <see cref="Whole"/>.</param>
    /// <param name="IsDisabled">The gateway has disabled it.</param>
    /// <param name="Since">When (unix seconds).</param>
    private sealed record Subject(ChannelRow Row, StoredKey Key, int Index, bool IsDisabled, long Since);
}
