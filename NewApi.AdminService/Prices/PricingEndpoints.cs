using System.Text.Json;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Rows;
using NewApi.Domain.Pricing;

namespace NewApi.AdminService.Prices;

/// <summary>The public price list (specification: admin API §12.4) and the table that other gateways synchronise from.</summary>
internal static class PricingEndpoints
{
    private const long Enabled = 1;

    public static void MapPricing(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/pricing", Get).WithTags("Prices").WithSummary("Prices of all served models");
        routes.MapGet("/ratio_config", RatioConfig).Limit(LimitKind.Critical).WithTags("Prices").WithSummary("The ratio tables, when public");
    }

    internal static async Task<IResult> Get(
        AdminCaller? caller, LiveOptions live, ModelIndex index, Database database, CancellationToken ct)
    {
        var snapshot = await live.SnapshotAsync(ct);
        var group = caller?.User.Group ?? "";
        var usable = snapshot.Groups.UsableBy(group).Where(entry => entry.Key.Length > 0).ToDictionary(StringComparer.Ordinal);
        await using var db = database.Open();
        var descriptions = new ModelDescriptions(
            await db.Models.Where(row => row.DeletedAt == null && row.Status == Enabled).ToListAsync(ct));
        var vendors = await db.Vendors.Where(row => row.DeletedAt == null && row.Status == Enabled).OrderBy(row => row.Id).ToListAsync(ct);
        var models = (await index.AllAsync(ct)).Where(model => model.Groups.Any(usable.ContainsKey)).ToList();

        return Answer.Ok(json =>
            {
                json.WriteStartArray();
                foreach (var model in models)
                {
                    Write(json, model, snapshot, usable, descriptions);
                }
                json.WriteEndArray();
            })
            .With("vendors", json => WriteVendors(json, vendors))
            .With("group_ratio", json =>
            {
                json.WriteStartObject();
                foreach (var name in usable.Keys.Where(snapshot.Groups.Exists).Order(StringComparer.Ordinal))
                {
                    json.WriteNumber(name, snapshot.Groups.PriceOf(group, name).Ratio);
                }
                json.WriteEndObject();
            })
            .With("usable_group", json =>
            {
                json.WriteStartObject();
                foreach (var (name, description) in usable.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                {
                    json.WriteString(name, description);
                }
                json.WriteEndObject();
            })
            .With("supported_endpoint", json => EndpointTypes.WriteAll(json, models))
            .With<IReadOnlyList<string>>("auto_groups", snapshot.Groups.AutoGroupsOf(group));
    }

    internal static async Task<IResult> RatioConfig(LiveOptions live, CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!options.ExposeRatioEnabled)
        {
            return Answer.Fail(Say.RatioHidden, StatusCodes.Status403Forbidden);
        }
        return Answer.Ok(json =>
        {
            json.WriteStartObject();
            Table("model_ratio", options.ModelRatio);
            Table("completion_ratio", options.CompletionRatio);
            Table("cache_ratio", options.CacheRatio);
            Table("create_cache_ratio", options.CreateCacheRatio);
            Table("model_price", options.ModelPrice);
            json.WriteEndObject();

            void Table(string name, IReadOnlyDictionary<string, decimal> table)
            {
                json.WriteStartObject(name);
                foreach (var (model, figure) in table)
                {
                    json.WriteNumber(model, figure);
                }
                json.WriteEndObject();
            }
        });
    }

    private static void Write(
        Utf8JsonWriter json, ServedModel model, OptionSnapshot snapshot, Dictionary<string, string> usable, ModelDescriptions descriptions)
    {
        // The ratios of the price book are the model's own; group ratios stand beside them.
        var price = snapshot.Prices.Find(model.Name, "", "", acceptUnset: true)!;
        var described = descriptions.Find(model.Name);
        json.WriteStartObject();
        json.WriteString("model_name"u8, model.Name);
        Optional("description", described?.Description);
        Optional("icon", described?.Icon);
        Optional("tags", described?.Tags);
        if (described?.VendorId is > 0 and var vendor)
        {
            json.WriteNumber("vendor_id"u8, vendor);
        }
        json.WriteNumber("quota_type"u8, price.PerCallPrice is null ? 0 : 1);
        json.WriteNumber("model_ratio"u8, price.ModelRatio);
        json.WriteNumber("model_price"u8, price.PerCallPrice ?? 0);
        json.WriteString("owner_by"u8, "");
        json.WriteNumber("completion_ratio"u8, price.CompletionRatio);
        if (price.Expression is { } formula)
        {
            json.WriteString("billing_mode"u8, PriceBook.FormulaMode);
            json.WriteString("billing_expr"u8, formula.Text);
        }
        json.WriteStartArray("enable_groups"u8);
        foreach (var group in model.Groups.Where(usable.ContainsKey))
        {
            json.WriteStringValue(group);
        }
        json.WriteEndArray();
        json.WriteStartArray("supported_endpoint_types"u8);
        foreach (var type in EndpointTypes.Of(model))
        {
            json.WriteStringValue(type);
        }
        json.WriteEndArray();
        json.WriteEndObject();

        void Optional(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                json.WriteString(name, value);
            }
        }
    }

    private static void WriteVendors(Utf8JsonWriter json, List<VendorRow> vendors)
    {
        json.WriteStartArray();
        foreach (var vendor in vendors)
        {
            json.WriteStartObject();
            json.WriteNumber("id"u8, vendor.Id);
            json.WriteString("name"u8, vendor.Name);
            if (!string.IsNullOrEmpty(vendor.Description))
            {
                json.WriteString("description"u8, vendor.Description);
            }
            if (!string.IsNullOrEmpty(vendor.Icon))
            {
                json.WriteString("icon"u8, vendor.Icon);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
