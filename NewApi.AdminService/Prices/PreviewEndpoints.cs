using System.Text;
using System.Text.Json;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;
using NewApi.Domain.Pricing.Expressions;

namespace NewApi.AdminService.Prices;

/// <summary>Shows the price that applies, and the one that would, before anything is saved (known problem A15).</summary>
internal static class PreviewEndpoints
{
    public static void MapPricePreview(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/pricing/preview", Preview).RequireRole(Roles.Admin).WithTags("Prices")
            .WithSummary("The price of a model now, and under options that are not saved yet");

    internal static async Task<IResult> Preview(HttpContext context, LiveOptions live, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<PreviewRequest>() is not { Model.Length: > 0 } request)
        {
            return Answer.Fail(Say.BadBody, Microsoft.AspNetCore.Http.StatusCodes.Status400BadRequest);
        }
        var current = await live.SnapshotAsync(ct);
        var draft = new Dictionary<string, string>(current.Rows, StringComparer.Ordinal);
        foreach (var (key, value) in request.Options ?? [])
        {
            var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
            if (OptionRules.Mistake(key, text, current) is { } mistake)
            {
                return Answer.Fail(mistake);
            }
            foreach (var row in OptionCatalog.RowsFor(key, text))
            {
                draft[row.Key] = row.Value;
            }
        }
        var next = request.Options is { Count: > 0 } ? new PriceBook(GatewayOptions.Parse(draft, out _)) : null;
        var now = clock.GetUtcNow();
        return Answer.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteString("model"u8, request.Model);
            json.WritePropertyName("current"u8);
            Write(json, current.Prices, request, now);
            if (next is not null)
            {
                json.WritePropertyName("draft"u8);
                Write(json, next, request, now);
            }
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, PriceBook book, PreviewRequest request, DateTimeOffset now)
    {
        var userGroup = request.UserGroup ?? "default";
        var group = request.Group ?? userGroup;
        var price = book.Find(request.Model!, userGroup, group, acceptUnset: true)!;
        json.WriteStartObject();
        json.WriteBoolean("priced"u8, !price.Unset);
        json.WriteString("pricing_name"u8, price.PricingName ?? price.Model);
        json.WriteString("billing_mode"u8, price.Expression is not null ? PriceBook.FormulaMode : price.PerCallPrice is not null ? "per_call" : "ratio");
        json.WriteString("user_group"u8, userGroup);
        json.WriteString("group"u8, group);
        json.WriteNumber("group_ratio"u8, price.GroupRatio);
        json.WriteNumber("user_group_ratio"u8, price.UserGroupRatio ?? -1);
        if (price.Expression is { } formula)
        {
            json.WriteString("billing_expr"u8, formula.Text);
        }
        else if (price.PerCallPrice is { } dollars)
        {
            json.WriteNumber("model_price"u8, dollars);
            json.WriteNumber("usd_per_call"u8, Plain(dollars * price.GroupRatio));
        }
        else
        {
            WriteRatios(json, price);
        }
        if (request.Usage is { } usage)
        {
            json.WritePropertyName("charge"u8);
            WriteCharge(json, price, usage, request, now);
        }
        json.WriteEndObject();
    }

    private static void WriteRatios(Utf8JsonWriter json, Price price)
    {
        json.WriteNumber("model_ratio"u8, price.ModelRatio);
        json.WriteNumber("completion_ratio"u8, price.CompletionRatio);
        json.WriteNumber("cache_ratio"u8, price.CacheRatio);
        json.WriteNumber("create_cache_ratio"u8, price.CreateCacheRatio);
        json.WriteNumber("image_ratio"u8, price.ImageRatio);
        json.WriteNumber("audio_ratio"u8, price.AudioRatio);
        json.WriteNumber("audio_completion_ratio"u8, price.AudioCompletionRatio);
        var input = price.ModelRatio * price.GroupRatio * 1_000_000 / price.QuotaPerUnit;
        json.WriteStartObject("usd_per_million"u8);
        json.WriteNumber("input"u8, Plain(input));
        json.WriteNumber("output"u8, Plain(input * price.CompletionRatio));
        json.WriteNumber("cache_read"u8, Plain(input * price.CacheRatio));
        json.WriteNumber("cache_write"u8, Plain(input * price.CreateCacheRatio));
        json.WriteNumber("cache_write_1h"u8, Plain(input * price.CreateCacheRatio1h));
        json.WriteNumber("image_input"u8, Plain(input * price.ImageRatio));
        if (price.HasAudioRatio)
        {
            json.WriteNumber("audio_input"u8, Plain(input * price.AudioRatio));
            json.WriteNumber("audio_output"u8, Plain(input * price.AudioRatio * price.AudioCompletionRatio));
        }
        json.WriteEndObject();
    }

    private static void WriteCharge(Utf8JsonWriter json, Price price, PreviewUsage sample, PreviewRequest request, DateTimeOffset now)
    {
        var usage = new Domain.Usage
        {
            Semantics = sample.Anthropic ? UsageSemantics.InputExcludesCache : UsageSemantics.InputIncludesCache,
            Input = sample.PromptTokens,
            Output = sample.CompletionTokens,
            CacheRead = sample.CacheTokens,
            CacheWrite = sample.CacheCreationTokens,
            CacheWrite1h = sample.CacheCreationTokens1h,
            ImageInput = sample.ImageTokens,
            AudioInput = sample.AudioInputTokens,
            AudioOutput = sample.AudioOutputTokens,
        };
        var factors = new ChargeFactors
        {
            Images = Math.Clamp(sample.Images, 0, ChargeFactors.MostImages),
            Tools = sample.Tools is null ? null : [.. sample.Tools.Select(tool => new ToolUse(tool.Key, tool.Value))],
            Request = price.Expression is null ? null : PricedRequest.Read(
                price.Expression,
                request.Request.ValueKind == JsonValueKind.Object ? Encoding.UTF8.GetBytes(request.Request.GetRawText()) : default,
                name => request.Headers?.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value,
                now),
        };
        var charge = price.For(usage, factors);
        json.WriteStartObject();
        json.WriteNumber("quota"u8, charge.Quota.Points);
        json.WriteNumber("usd"u8, Plain(charge.Quota.Points / price.QuotaPerUnit));
        if (charge.MatchedTier is not null)
        {
            json.WriteString("matched_tier"u8, charge.MatchedTier);
        }
        if (charge.PriceProblem is not null)
        {
            json.WriteString("problem"u8, charge.PriceProblem);
        }
        if (charge.UnpricedTools.Count > 0)
        {
            json.WriteStartArray("unpriced_tools"u8);
            foreach (var tool in charge.UnpricedTools)
            {
                json.WriteStringValue(tool);
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <summary>Without trailing zeros: 2.50 is shown as 2.5.</summary>
    private static decimal Plain(decimal value) => value / 1.0000000000000000000000000000m;
}
