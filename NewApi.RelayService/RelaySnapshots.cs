using NewApi.Data.Changes;
using NewApi.Data.Channels;
using NewApi.Data.Options;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Limits;

namespace NewApi.RelayService;

/// <summary>What a call needs to know of the configuration: one consistent picture, swapped as a whole.</summary>
internal sealed record RelaySnapshot(GatewayOptions Options, PriceBook Prices, RoutingTable Routing)
{
    public required IReadOnlyList<AffinityRule> AffinityRules { get; init; }

    public required LimitRules Limits { get; init; }

    /// <summary>Null when chats stay chats.</summary>
    public required ResponsesPolicy? ResponsesPolicy { get; init; }

    /// <summary>Null when prompts are not looked through.</summary>
    public required SensitiveWords? SensitiveWords { get; init; }
}

/// <summary>
/// Keeps the snapshot fresh: at start, when a change is announced, and every sync period whatever happens. A reading that fails keeps the
/// snapshot that was.
/// </summary>
internal sealed class RelaySnapshots(
    OptionStore optionStore,
    ChannelStore channelStore,
    IChangeSignal changes,
    RelayOptions relay,
    TimeProvider clock,
    ILogger<RelaySnapshots> log) : BackgroundService
{
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _gate = new();
    private volatile RelaySnapshot? _current;
    private bool _optionsChanged;
    private bool _channelsChanged;
    private TaskCompletionSource? _reload;
    private Task? _reading;
    private IDisposable? _subscription;

    /// <summary>Completes when every change announced so far has been read, or could not be; null when there is none to read.</summary>
    public Task? Reloading
    {
        get
        {
            lock (_gate)
            {
                return _reload?.Task ?? _reading;
            }
        }
    }

    public RelaySnapshot Current => _current ?? throw new InvalidOperationException("The relay has not started.");

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first reading, so that no change falls between the two.
        _subscription = changes.Subscribe(Announce);
        await LoadAsync(options: true, channels: true, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _subscription?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            bool options, channels;
            TaskCompletionSource? reload = null;
            try
            {
                var announced = await _wake.WaitAsync(relay.SyncFrequency, stoppingToken);
                lock (_gate)
                {
                    (options, channels) = announced ? (_optionsChanged, _channelsChanged) : (true, true);
                    (_optionsChanged, _channelsChanged) = (false, false);
                    // A change announced from here on is not in this reading: it gets a completion of its own.
                    (reload, _reload) = (_reload, null);
                    _reading = reload?.Task;
                }
                await LoadAsync(options, channels, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error)
            {
                log.SnapshotFailed(error);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Announce(ChangeTopic.Options, null);
                Announce(ChangeTopic.Channels, null);
            }
            finally
            {
                Finish(reload);
            }
        }
    }

    private void Finish(TaskCompletionSource? reload)
    {
        lock (_gate)
        {
            _reading = null;
        }
        reload?.TrySetResult();
    }

    private void Announce(ChangeTopic topic, string? key)
    {
        lock (_gate)
        {
            _optionsChanged |= topic == ChangeTopic.Options;
            _channelsChanged |= topic == ChangeTopic.Channels;
            if (_optionsChanged || _channelsChanged)
            {
                _reload ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
        if (topic is ChangeTopic.Options or ChangeTopic.Channels)
        {
            _wake.Release();
        }
    }

    private async Task LoadAsync(bool options, bool channels, CancellationToken cancel)
    {
        var before = _current;
        var gatewayOptions = before?.Options;
        var prices = before?.Prices;
        var affinity = before?.AffinityRules;
        var limits = before?.Limits ?? LimitRules.None;
        var words = before?.SensitiveWords;
        var policy = before?.ResponsesPolicy;
        if (options || gatewayOptions is null || prices is null)
        {
            gatewayOptions = GatewayOptions.Parse(await optionStore.LoadAsync(cancel), out var problems);
            foreach (var problem in problems)
            {
                log.OptionIgnored(problem);
            }
            prices = new PriceBook(gatewayOptions);
            limits = LimitRules.Parse(gatewayOptions.LimitRules);
            words = SensitiveWords.From(gatewayOptions);
            affinity = AffinityRule.Compile(gatewayOptions.ChannelAffinity, out var broken);
            foreach (var problem in broken)
            {
                log.OptionIgnored(problem);
            }
            policy = ResponsesPolicy.From(gatewayOptions.Global.ChatCompletionsToResponsesPolicy, out var unread);
            if (unread is not null)
            {
                log.OptionIgnored(unread);
            }
        }
        var routing = before?.Routing;
        if (channels || routing is null)
        {
            var rows = await channelStore.LoadAllAsync(cancel);
            routing = RoutingTable.Build(rows.Channels, rows.Abilities, before?.Routing);
        }
        _current = new RelaySnapshot(gatewayOptions, prices, routing)
        {
            AffinityRules = affinity ?? [],
            Limits = limits,
            SensitiveWords = words,
            ResponsesPolicy = policy,
        };
    }
}
