using LinqToDB.Async;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Options;
using NewApi.Data.Rows;
using NewApi.Domain.Pricing;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.AdminService.Prices;

/// <summary>What one source said, or why it said nothing.</summary>
internal sealed record SourcePrices(string Name, IReadOnlyDictionary<string, CatalogPrice>? Prices, string? Error);

/// <summary>Fetches the prices of other gateways and of public lists, and our own shipped ones.</summary>
internal sealed class PriceSources(EgressClient egress, Database database)
{
    /// <summary>The tables that this gateway ships with: nothing is fetched for them.</summary>
    public const long Shipped = -100;

    private const string GatewayEndpoint = "/api/ratio_config";
    private const string ListEndpoint = "/api/pricing";
    private const int Parallel = 8;
    private const int Tries = 3;
    private const long LargestAnswer = 10 << 20;
    private const int DefaultSeconds = 10;
    private const int MostSeconds = 60;
    private const int MostSources = 50;

    public async Task<IReadOnlyList<SyncSourceView>> ListAsync(OptionSnapshot options, CancellationToken ct)
    {
        await using var db = database.Open();
        var channels = await db.Channels.Where(row => row.BaseUrl != null && row.BaseUrl != "").OrderBy(row => row.Id)
            .Select(row => new { row.Id, row.Name, row.BaseUrl, row.Status }).ToListAsync(ct);
        return
        [
            .. channels.Select(row => new SyncSourceView(row.Id, row.Name, row.BaseUrl!, row.Status)),
            new SyncSourceView(Shipped, "official preset", "", 1),
            .. options.Options.PriceCatalogs.Select((catalog, index) => new SyncSourceView(Shipped - 1 - index, catalog.Name, catalog.Url, 1)),
        ];
    }

    public async Task<IReadOnlyList<SourcePrices>> FetchAsync(SyncFetchRequest request, OptionSnapshot options, CancellationToken ct)
    {
        var known = (await ListAsync(options, ct)).ToDictionary(source => source.Id);
        var limits = new EgressLimits(
            LargestAnswer, TimeSpan.FromSeconds(request.Timeout is > 0 and <= MostSeconds ? request.Timeout : DefaultSeconds));
        var wanted = (request.ChannelIds ?? []).Where(known.ContainsKey).Select(id => Wanted(known[id], null))
            .Concat((request.Upstreams ?? []).Where(upstream => upstream is not null).Select(upstream => Asked(upstream, known)))
            .DistinctBy(source => (source.Name, source.Url)).Take(MostSources).ToList();
        using var slots = new SemaphoreSlim(Parallel);
        return await Task.WhenAll(wanted.Select(async source =>
        {
            await slots.WaitAsync(ct);
            try
            {
                return await FetchAsync(source, options, limits, ct);
            }
            finally
            {
                slots.Release();
            }
        }));
    }

    private static Source Wanted(SyncSourceView source, string? endpoint) => source.Id switch
    {
        Shipped => new Source($"{source.Name}({source.Id})", null, Fallback: false, Own: true),
        < Shipped => new Source($"{source.Name}({source.Id})", source.BaseUrl, Fallback: false, Own: false),
        _ => Gateway($"{source.Name}({source.Id})", source.BaseUrl, endpoint, own: true),
    };

    /// <summary>An address that an administrator typed may be a known one; only those of channels may lie in private networks unasked.</summary>
    private static Source Asked(SyncUpstream upstream, Dictionary<long, SyncSourceView> known)
    {
        if (known.TryGetValue(upstream.Id, out var source)
            && (string.IsNullOrEmpty(upstream.BaseUrl) || upstream.BaseUrl.TrimEnd('/') == source.BaseUrl.TrimEnd('/')))
        {
            return Wanted(source, upstream.Endpoint);
        }
        var name = upstream.Name is { Length: > 0 } given ? given : upstream.BaseUrl ?? "";
        return Gateway(upstream.Id != 0 ? $"{name}({upstream.Id})" : name, upstream.BaseUrl ?? "", upstream.Endpoint, own: false);
    }

    private static Source Gateway(string name, string baseUrl, string? endpoint, bool own) =>
        endpoint is { Length: > 0 } && endpoint.Contains("://", StringComparison.Ordinal) ? new Source(name, endpoint, Fallback: false, Own: false)
        : new Source(
            name, baseUrl.TrimEnd('/') + (endpoint is { Length: > 0 } ? "/" + endpoint.TrimStart('/') : GatewayEndpoint),
            Fallback: string.IsNullOrEmpty(endpoint), own);

    private async Task<SourcePrices> FetchAsync(Source source, OptionSnapshot options, EgressLimits limits, CancellationToken ct)
    {
        if (source.Url is null)
        {
            return new SourcePrices(source.Name, ShippedPrices(), null);
        }
        if (!Uri.TryCreate(source.Url, UriKind.Absolute, out var address))
        {
            return new SourcePrices(source.Name, null, "The address is not valid.");
        }
        var found = await FetchAsync(source, address, options, limits, ct);
        // A gateway that hides its ratio table may still show its price list.
        return found.Prices is null && source.Fallback
            && Uri.TryCreate(source.Url[..^GatewayEndpoint.Length] + ListEndpoint, UriKind.Absolute, out var list)
            && await FetchAsync(source, list, options, limits, ct) is { Prices: not null } second
            ? second
            : found;
    }

    private async Task<SourcePrices> FetchAsync(
        Source source, Uri address, OptionSnapshot options, EgressLimits limits, CancellationToken ct)
    {
        var rules = source.Own ? EgressRules.OwnNetworks : options.Options.Fetch.Rules();
        var error = "";
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            try
            {
                var reply = await egress.GetAsync(address, rules, limits, ct);
                if (reply.IsSuccess)
                {
                    var prices = PriceCatalog.Read(reply.Body, options.Options.QuotaPerUnit);
                    return new SourcePrices(source.Name, prices, prices is null ? "The answer is no list of prices." : null);
                }
                error = $"The source answered with status {reply.Status}.";
                if (reply.Status is >= 400 and < 500)
                {
                    break;
                }
            }
            catch (EgressRefusedException refusal)
            {
                return new SourcePrices(source.Name, null, refusal.Message);
            }
            catch (Exception failure) when (failure is HttpRequestException or TimeoutException)
            {
                error = failure is TimeoutException ? "The source took too long." : "The source cannot be reached.";
            }
        }
        return new SourcePrices(source.Name, null, error);
    }

    private static IReadOnlyDictionary<string, CatalogPrice>? ShippedPrices() => PriceCatalog.Read(
        System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"data":{"model_ratio":{{{DefaultPrices.ModelRatio}}},"completion_ratio":{{{DefaultPrices.CompletionRatio}}},"cache_ratio":{{{DefaultPrices.CacheRatio}}},"create_cache_ratio":{{{DefaultPrices.CreateCacheRatio}}},"model_price":{{{DefaultPrices.ModelPrice}}}}}"""),
        quotaPerUnit: 500_000);

    /// <param name="Name">As it is named in the answer.</param>
    /// <param name="Url">Null for the shipped tables.</param>
    /// <param name="Fallback">The price list may be asked where the ratio table is not to be had.</param>
    /// <param name="Own">The address is that of a channel.</param>
    private sealed record Source(string Name, string? Url, bool Fallback, bool Own);
}
