using System.Diagnostics;
using System.Diagnostics.Metrics;
using NewApi.Domain.Pricing;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService;

/// <summary>
/// What the relay tells about itself. GenAI semantic-convention names where they exist; no tag names a caller.
/// </summary>
internal sealed class RelayMetrics : IDisposable
{
    public const string MeterName = "NewApi.RelayService";

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Counter<long> _inputTokens;
    private readonly Counter<long> _outputTokens;
    private readonly Counter<long> _estimated;
    private readonly Counter<long> _aborted;
    private readonly Counter<long> _unpricedTools;
    private readonly Counter<long> _attempts;
    private readonly UpDownCounter<long> _parked;
    private readonly TimeProvider _clock;

    public RelayMetrics(IMeterFactory factory, TimeProvider clock)
    {
        _clock = clock;
        _meter = factory.Create(MeterName);
        _duration = _meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "Time from request to the end of its answer.");
        _firstToken = _meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s", "Time from request to the first event.");
        _inputTokens = _meter.CreateCounter<long>("newapi.tokens.input", "{token}", "Prompt tokens charged.");
        _outputTokens = _meter.CreateCounter<long>("newapi.tokens.output", "{token}", "Completion tokens charged.");
        _estimated = _meter.CreateCounter<long>("newapi.charges.estimated", "{point}", "Quota points charged on the gateway's own count.");
        _aborted = _meter.CreateCounter<long>("newapi.charges.aborted", "{point}", "Quota points charged on the gateway's own count because the caller left.");
        _unpricedTools = _meter.CreateCounter<long>("newapi.tools.unpriced", "{call}", "Uses of built-in tools that have no price.");
        _attempts = _meter.CreateCounter<long>("newapi.attempts", "{attempt}", "Attempts on channels, by outcome; those after a call's first are retries.");
        _parked = _meter.CreateUpDownCounter<long>("newapi.settlements.parked", "{call}", "Charges that the database refuses; the journal keeps them.");
    }

    public void Attempted(Attempt attempt)
    {
        if (_attempts.Enabled)
        {
            _attempts.Add(1, new TagList
            {
                { "newapi.channel.id", attempt.Channel.Id },
                { "newapi.choice", attempt.ChoiceName },
                { "newapi.outcome", attempt.Fault?.Code ?? "ok" },
            });
        }
    }

    public void ToolUnpriced(string tool) => _unpricedTools.Add(1, new KeyValuePair<string, object?>("newapi.tool", tool));

    public void Ended(RelayCall call, string outcome)
    {
        if (_duration.Enabled)
        {
            _duration.Record(
                _clock.GetElapsedTime(call.StartedAt).TotalSeconds,
                new TagList { { "gen_ai.request.model", call.Price is null ? "" : call.Model }, { "newapi.outcome", outcome } });
        }
    }

    public void Parked(int calls) => _parked.Add(calls);

    public void Aborted(long points) => _aborted.Add(points);

    public void FirstToken(RelayCall call, TimeSpan elapsed)
    {
        if (_firstToken.Enabled)
        {
            _firstToken.Record(elapsed.TotalSeconds, new TagList { { "gen_ai.request.model", call.Model } });
        }
    }

    public void Charged(RelayCall call, Charge charge)
    {
        if (!_inputTokens.Enabled)
        {
            return;
        }
        var model = new KeyValuePair<string, object?>("gen_ai.request.model", call.Model);
        _inputTokens.Add(charge.PromptTokens, model);
        _outputTokens.Add(charge.CompletionTokens, model);
        if (charge.Estimated)
        {
            _estimated.Add(charge.Quota.Points, model);
        }
    }

    public void Dispose() => _meter.Dispose();
}
