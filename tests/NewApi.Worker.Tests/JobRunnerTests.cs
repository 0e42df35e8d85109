using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NewApi.Data;
using NewApi.Data.Leases;
using NewApi.Data.Settings;
using NewApi.ServiceDefaults;
using NewApi.Testing.Databases;
using NewApi.Worker.Jobs;

namespace NewApi.Worker.Tests;

public sealed class JobRunnerTests : IAsyncLifetime
{
    private TestDatabase _test = null!;
    private ServiceProvider _services = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _test = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        var settings = new SettingsReader(new ConfigurationBuilder()
            .AddInMemoryCollection([new("SQLITE_PATH", _test.File)])
            .Build());
        _services = new ServiceCollection()
            .AddLogging()
            .AddData(DataSettings.Read(settings))
            .AddSingleton<LeaseStore>()
            .BuildServiceProvider();
        await _services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _test.DisposeAsync();
    }

    [Fact]
    public async Task Job_that_is_due_runs_once_however_many_workers_look()
    {
        var job = new CountingJob();
        var workers = Enumerable.Range(0, 4).Select(_ => Runner()).ToList();

        var ran = await Task.WhenAll(workers.Select(worker => worker.LookAsync(job, Cancel)));

        Assert.Equal(1, job.Runs);
        Assert.Single(ran, true);
        Assert.False(await workers[0].LookAsync(job, Cancel));
    }

    [Fact]
    public async Task Job_that_failed_is_due_again_and_its_lease_is_free()
    {
        var job = new CountingJob { Fails = true };

        await Assert.ThrowsAsync<InvalidDataException>(() => Runner().LookAsync(job, Cancel));
        job.Fails = false;

        Assert.True(await Runner().LookAsync(job, Cancel));
        Assert.Equal(2, job.Runs);
    }

    [Fact]
    public async Task Job_cut_off_by_the_end_of_the_process_is_due_again()
    {
        using var stopping = new CancellationTokenSource();
        var job = new CountingJob { Inside = stopping.Cancel };

        Assert.False(await Runner().LookAsync(job, stopping.Token));
        job.Inside = static () => { };

        Assert.True(await Runner().LookAsync(job, Cancel));
    }

    [Fact]
    public async Task Slave_runs_no_jobs()
    {
        var job = new CountingJob();
        using var runner = Runner(job, slave: true);

        await runner.StartAsync(Cancel);
        await runner.ExecuteTask!;
        await runner.StopAsync(Cancel);

        Assert.Equal(0, job.Runs);
    }

    private JobRunner Runner(IJob? job = null, bool slave = false) => new(
        job is null ? [] : [job],
        _services.GetRequiredService<LeaseStore>(),
        new GatewayNode("test", slave, "1.0.0", TimeProvider.System.GetUtcNow()),
        TimeProvider.System,
        NullLogger<JobRunner>.Instance);

    private sealed class CountingJob : IJob
    {
        private int _runs;

        public string Name => "count";

        public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromHours(1));

        public int Runs => _runs;

        public bool Fails { get; set; }

        public Action Inside { get; set; } = static () => { };

        public Task RunAsync(Lease lease, CancellationToken cancel)
        {
            Interlocked.Increment(ref _runs);
            Inside();
            return Fails ? throw new InvalidDataException("as the test wants it") : Task.CompletedTask;
        }
    }
}
