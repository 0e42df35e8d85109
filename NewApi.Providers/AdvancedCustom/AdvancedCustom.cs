using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using NewApi.Domain;

namespace NewApi.Providers.AdvancedCustom;

/// <summary>
/// A channel that says itself, path by path, what it serves, where that goes and how it is shown the key (channel type 58; specification:
/// relay §4.4). It is a candidate only for paths and models that its routes cover.
/// </summary>
internal static class AdvancedCustom
{
    public static ProviderProfile Profile { get; } = new(58, "AdvancedCustom", null)
    {
        Paths = FrozenDictionary<Dialect, string>.Empty,
        Adapter = new Adapter(),
    };

    private sealed class Adapter : ProviderAdapter
    {
        private readonly ConditionalWeakTable<ProviderAccount, CustomRoute[]> _routes = [];

        public override bool Speaks(ProviderAccount account, Dialect dialect, string model) =>
            Find(account, dialect, model) is { Target: var target } && target == dialect;

        public override bool TryChoose(ProviderAccount account, Dialect caller, string model, out Dialect? dialect)
        {
            dialect = Find(account, caller, model)?.Target;
            return true;
        }

        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            var route = Find(message.Account, message.Caller ?? message.Dialect, message.CallerModel ?? message.Model)
                ?? throw new ProviderException("channel:invalid_settings", "No route of the channel covers this call.");
            using var request = UpstreamRequests.Post(route.AddressOf(message), message.Content);
            route.AddCredential(request.Headers, message);
            UpstreamRequests.AddDialectHeaders(request.Headers, message);
            return await http.SendAsync(UpstreamRequests.Finish(request, message), cancel);
        }

        private CustomRoute? Find(ProviderAccount account, Dialect caller, string model)
        {
            foreach (var route in _routes.GetValue(account, static account => CustomRoute.ReadAll(account.Settings)))
            {
                if (route.Covers(caller, model))
                {
                    return route;
                }
            }
            return null;
        }
    }
}
