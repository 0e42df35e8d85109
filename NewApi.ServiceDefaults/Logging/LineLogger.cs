using Microsoft.Extensions.Logging;

namespace NewApi.ServiceDefaults.Logging;

/// <summary>Formats events of one category; the scope item RequestId, when there is one, names the request.</summary>
internal sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => provider.Scopes?.Push(state);

    // The host reports a failed start with a stack trace; GatewayHost says the same in one line that an operator can act on.
    private readonly EventId? _unwanted = category is "Microsoft.Extensions.Hosting.Internal.Host" ? new EventId(11) : null;

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId != _unwanted)
        {
            provider.Enqueue(logLevel, category, RequestId(), formatter(state, exception), exception);
        }
    }

    private string? RequestId()
    {
        var found = new Found();
        provider.Scopes?.ForEachScope(
            static (scope, found) =>
            {
                if (scope is not IEnumerable<KeyValuePair<string, object?>> items)
                {
                    return;
                }

                foreach (var item in items)
                {
                    if (item.Key is "RequestId")
                    {
                        found.Value = item.Value?.ToString();
                    }
                }
            },
            found);
        return found.Value;
    }

    private sealed class Found
    {
        public string? Value { get; set; }
    }
}
