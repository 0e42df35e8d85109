using System.Runtime.InteropServices;
using NewApi.Bench;
using NewApi.Bench.Load;
using NewApi.Bench.Reporting;
using NewApi.Bench.Scenarios;
using NewApi.Bench.Targets;

// The run ends by itself, whatever hangs.
using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
try
{
    using var run = new BenchRun(BenchOptions.Parse(args));
    await RunAsync(run, limit.Token);
    return 0;
}
catch (BenchException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("The run was stopped before its end.");
    return 1;
}

void Cancel(PosixSignalContext signal)
{
    signal.Cancel = true;
    limit.Cancel();
}

static async Task RunAsync(BenchRun run, CancellationToken ct)
{
    var conditions = Conditions.Read(run);
    await using var stub = new StubTarget(run);
    if (run.Options.Dialects)
    {
        await MeasureDialectsAsync(run, stub, ct);
        await new Report(run, conditions).WriteAsync(ct);
        return;
    }
    await using var nginx = new NginxTarget(run, stub);
    await using var yarp = new YarpTarget(run, stub);
    await using var gateway = new NewApiTarget(run, stub);
    await stub.StartAsync(ct);
    var targets = await StartAsync(run, [stub, nginx, yarp, gateway], ct);

    // Embeddings are a small chat with another path; a quick run does without.
    var measures = LoadMeasure.All.Where(measure => !(run.Options.Quick && measure.Name == "embeddings"));
    await MeasureLoadsAsync(run, stub, targets, measures, ct);
    if (targets.Contains(gateway))
    {
        await CompareChargesAsync(run, gateway, ct);
    }
    await MeasureStandingAsync(run, [.. targets.Where(target => target != stub)], ct);

    var report = new Report(run, conditions);
    await report.WriteAsync(ct);
}

static async Task MeasureDialectsAsync(BenchRun run, StubTarget stub, CancellationToken ct)
{
    await using var gateway = new NewApiTarget(run, stub);
    await stub.StartAsync(ct);
    if (gateway.Absence is { } reason)
    {
        throw new BenchException($"There is nothing to measure: {reason}.");
    }
    await gateway.StartAsync(ct);
    await DialectPairs.CheckAsync(gateway, ct);
    await MeasureLoadsAsync(run, stub, [gateway], DialectPairs.All, ct);
    await CompareChargesAsync(run, gateway, ct);
}

static async Task<IReadOnlyList<Target>> StartAsync(BenchRun run, IReadOnlyList<Target> all, CancellationToken ct)
{
    var started = new List<Target> { all[0] };
    foreach (var target in all.Skip(1).Where(target => run.Options.Targets?.Contains(target.Name) ?? true))
    {
        if (target.Absence is { } reason)
        {
            run.Note($"{target.Name} is left out: {reason}.");
            continue;
        }
        await target.StartAsync(ct);
        run.Say($"{target.Name} listens on {target.Port}");
        started.Add(target);
    }
    return started;
}

static async Task MeasureLoadsAsync(
    BenchRun run, StubTarget stub, IReadOnlyList<Target> targets, IEnumerable<LoadMeasure> all, CancellationToken ct)
{
    var measures = all.Where(measure => run.Options.Wants(measure.Name)).ToArray();
    foreach (var target in targets)
    {
        for (var pass = 0; pass < target.WarmPasses; pass++)
        {
            foreach (var measure in measures)
            {
                await run.TryAsync(target, measure.Name, () => measure.WarmAsync(target, ct));
                await target.WaitUntilIdleAsync(ct);
            }
        }
    }
    run.Say("warm");
    for (var round = 1; round <= run.Options.Rounds; round++)
    {
        foreach (var measure in measures)
        {
            var duration = run.Options.Quick ? measure.Duration * 0.4 : measure.Duration;
            foreach (var target in targets)
            {
                await run.TryAsync(target, measure.Name, async () =>
                    run.Add(await measure.MeasureAsync(target, stub, round, duration, ct)));
            }
        }
    }
}

static async Task CompareChargesAsync(BenchRun run, NewApiTarget gateway, CancellationToken ct)
{
    var answered = LoadMeasure.Replies.GetValueOrDefault(gateway.Name);
    var charged = 0L;
    for (var i = 0; i < 20 && charged != answered; i++)
    {
        await Task.Delay(250, ct);
        charged = await gateway.CountChargesAsync(ct);
    }
    run.Note($"newapi answered {answered:N0} calls under load and charged for {charged:N0}.");
}

static async Task MeasureStandingAsync(BenchRun run, IReadOnlyList<Target> targets, CancellationToken ct)
{
    var (rounds, quick) = (run.Options.Rounds, run.Options.Quick);
    for (var round = 1; round <= rounds && run.Options.Wants("start"); round++)
    {
        foreach (var target in targets)
        {
            await run.TryAsync(target, "start", async () => run.Add(await StandingMeasures.StartAsync(target, round, ct)));
        }
    }
    var streams = run.StreamsWithinReach();
    foreach (var target in targets.Where(_ => run.Options.Wants("memory")))
    {
        await run.TryAsync(target, "memory", async () =>
        {
            await target.RestartAsync(ct);
            run.Add(await StandingMeasures.OpenStreamsAsync(target, streams, quick, ct));
        });
    }
    foreach (var target in targets.Where(_ => run.Options.Wants("flat")))
    {
        await run.TryAsync(target, "flat", async () =>
        {
            await target.RestartAsync(ct);
            run.Add(await StandingMeasures.FlatnessAsync(target, quick, ct));
        });
    }
}
