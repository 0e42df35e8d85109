using System.Text.Json;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;

namespace NewApi.AdminService.Prices;

/// <summary>
/// Compares our prices with those of other gateways and public lists, and takes over what an administrator confirms, model by model
/// (specification: admin API §12.2).
/// </summary>
internal static class RatioSyncEndpoints
{
    private const int MostChanges = 20_000;

    public static void MapRatioSync(this IEndpointRouteBuilder routes)
    {
        var sync = routes.MapGroup("/ratio_sync").WithTags("Prices").RequireRole(Roles.Root);
        sync.MapGet("/channels", Sources).WithSummary("Whose prices can be compared with ours");
        sync.MapPost("/fetch", Fetch).WithSummary("Differences between their prices and ours; nothing is changed");
        sync.MapPost("/apply", Apply).WithSummary("Take over the differences that are listed, all or none");
    }

    internal static async Task<IResult> Sources(PriceSources sources, LiveOptions live, CancellationToken ct) =>
        Answer.Ok<SyncSourceView[]>([.. await sources.ListAsync(await live.SnapshotAsync(ct), ct)]);

    internal static async Task<IResult> Fetch(HttpContext context, PriceSources sources, LiveOptions live, CancellationToken ct)
    {
        if (await context.ReadAsync<SyncFetchRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody, Microsoft.AspNetCore.Http.StatusCodes.Status400BadRequest);
        }
        var options = await live.SnapshotAsync(ct);
        var found = await sources.FetchAsync(request, options, ct);
        if (found.Count == 0)
        {
            return Answer.Fail(Say.NoPriceSource);
        }
        return Answer.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("differences"u8);
            WriteDifferences(json, options, [.. found.Where(source => source.Prices is not null)]);
            json.WriteEndObject();
            json.WriteStartArray("test_results"u8);
            foreach (var source in found)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, source.Name);
                json.WriteString("status"u8, source.Error is null ? "success" : "error");
                if (source.Error is not null)
                {
                    json.WriteString("error"u8, source.Error);
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    internal static async Task<IResult> Apply(
        HttpContext context, LiveOptions live, Database database, IChangeSignal changes, CancellationToken ct)
    {
        if (await context.ReadAsync<SyncApplyRequest>() is not { Changes: { Count: > 0 and <= MostChanges } wanted })
        {
            return Answer.Fail(Say.BadBody, Microsoft.AspNetCore.Http.StatusCodes.Status400BadRequest);
        }
        var current = await live.SnapshotAsync(ct);
        var tables = PriceCatalog.Tables.ToDictionary(table => PriceCatalog.OptionOf(table)!, table => TableOf(current.Options, table), StringComparer.Ordinal);
        var changed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in wanted)
        {
            if (PriceCatalog.OptionOf(change?.RatioType) is not { } option || change!.Model is not { Length: > 0 and <= 255 } model)
            {
                return Answer.Fail(Say.BadRequest);
            }
            tables[option][model] = change.Value;
            changed.Add(option);
            // A price per call would win over the ratio that was just confirmed.
            if (option == "ModelRatio" && !wanted.Any(other => other?.Model == model && other.RatioType == "model_price") && tables["ModelPrice"].Remove(model))
            {
                changed.Add("ModelPrice");
            }
        }
        var texts = changed.ToDictionary(option => option, option => JsonSerializer.Serialize(tables[option], AdminJson.TypeInfo<Dictionary<string, decimal>>()));
        foreach (var (option, text) in texts)
        {
            if (OptionRules.Mistake(option, text, current) is { } mistake)
            {
                return Answer.Fail(mistake);
            }
        }
        await database.WriteAsync(
            async (db, token) =>
            {
                foreach (var (option, text) in texts)
                {
                    await OptionWrites.StoreAsync(db, option, text, token);
                }
                return texts.Count;
            },
            ct);
        await changes.PublishAsync(ChangeTopic.Options, null, CancellationToken.None);
        return Answer.Ok(new SyncAppliedView(wanted.Count, [.. wanted.Select(change => change.Model!).Distinct(StringComparer.Ordinal)]));
    }

    private static void WriteDifferences(Utf8JsonWriter json, OptionSnapshot options, IReadOnlyList<SourcePrices> sources)
    {
        foreach (var model in sources.SelectMany(source => source.Prices!.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var open = false;
            foreach (var table in PriceCatalog.Tables)
            {
                var current = Current(options, table, model);
                if (!sources.Any(source => Theirs(source, model, table) is { } figure && figure != current))
                {
                    continue;
                }
                if (!open)
                {
                    json.WriteStartObject(model);
                    open = true;
                }
                WriteDifference(json, sources, model, table, current);
            }
            if (open)
            {
                json.WriteEndObject();
            }
        }
    }

    private static void WriteDifference(
        Utf8JsonWriter json, IReadOnlyList<SourcePrices> sources, string model, string table, decimal? current)
    {
        json.WriteStartObject(table);
        json.WritePropertyName("current"u8);
        WriteFigure(json, current);
        json.WriteStartObject("upstreams"u8);
        foreach (var source in sources)
        {
            json.WritePropertyName(source.Name);
            var figure = Theirs(source, model, table);
            if (figure is not null && figure == current)
            {
                json.WriteStringValue("same"u8);
            }
            else
            {
                WriteFigure(json, figure);
            }
        }
        json.WriteEndObject();
        json.WriteStartObject("confidence"u8);
        foreach (var source in sources)
        {
            json.WriteBoolean(source.Name, source.Prices!.GetValueOrDefault(model)?.Certain ?? true);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteFigure(Utf8JsonWriter json, decimal? figure)
    {
        if (figure is { } value)
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static decimal? Theirs(SourcePrices source, string model, string table) => source.Prices!.GetValueOrDefault(model)?[table];

    /// <summary>What is charged now: for a priced model also where a rule or a default says so, and null where nothing is.</summary>
    private static decimal? Current(OptionSnapshot options, string table, string model)
    {
        if (TableOf(options.Options, table, model) is { } figure)
        {
            return figure;
        }
        if (table is "model_ratio" or "model_price" || options.Prices.Find(model, "", "", acceptUnset: true) is not { Unset: false, PerCallPrice: null, Expression: null } price)
        {
            return null;
        }
        return table switch
        {
            "completion_ratio" => price.CompletionRatio,
            "cache_ratio" => price.CacheRatio,
            _ => price.CreateCacheRatio,
        };
    }

    private static decimal? TableOf(GatewayOptions options, string table, string model) =>
        Figures(options, table).TryGetValue(model, out var figure) ? figure : null;

    private static Dictionary<string, decimal> TableOf(GatewayOptions options, string table) => new(Figures(options, table), StringComparer.Ordinal);

    private static System.Collections.Frozen.FrozenDictionary<string, decimal> Figures(GatewayOptions options, string table) => table switch
    {
        "model_ratio" => options.ModelRatio,
        "completion_ratio" => options.CompletionRatio,
        "cache_ratio" => options.CacheRatio,
        "create_cache_ratio" => options.CreateCacheRatio,
        _ => options.ModelPrice,
    };
}
