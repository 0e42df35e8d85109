using System.Text.Json;
using NewApi.AdminService.Access;
using NewApi.AdminService.ApiKeys;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data.Callers;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Usage;

/// <summary>What a relay key has left, in our words and in those of OpenAI's old billing routes (specification: admin API §9, §17).</summary>
internal static class KeyUsageEndpoints
{
    private const decimal Unlimited = 100_000_000m;

    public static void MapKeyUsage(this IEndpointRouteBuilder routes)
    {
        var usage = routes.MapGroup("/usage").WithTags("Usage");
        usage.MapPreflight("/token");
        usage.MapGet("/token", Get).AllowOtherOrigins().Limit(LimitKind.Critical).WithSummary("What a relay key has used and has left");
    }

    public static void MapBilling(this IEndpointRouteBuilder routes)
    {
        var billing = routes.MapGroup("").WithTags("Billing");
        billing.MapPreflight("/subscription");
        billing.MapGet("/subscription", Subscription).AllowOtherOrigins().WithSummary("Granted amount of a relay key");
        billing.MapPreflight("/usage");
        billing.MapGet("/usage", Usage).AllowOtherOrigins().WithSummary("Used amount of a relay key, in cents");
    }

    internal static async Task<IResult> Get(HttpContext context, RelayKeys keys, CancellationToken ct)
    {
        var (refusal, owner) = await keys.ReadOnlyAsync(context, ct);
        if (owner is null)
        {
            return refusal!;
        }
        var token = owner.Token;
        return new JsonBody(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("code"u8, true);
            json.WriteString("message"u8, "ok");
            json.WriteStartObject("data"u8);
            json.WriteString("object"u8, "token_usage");
            json.WriteString("name"u8, token.Name);
            json.WriteNumber("total_granted"u8, token.RemainQuota + token.UsedQuota);
            json.WriteNumber("total_used"u8, token.UsedQuota);
            json.WriteNumber("total_available"u8, token.RemainQuota);
            json.WriteBoolean("unlimited_quota"u8, token.UnlimitedQuota);
            json.WriteStartObject("model_limits"u8);
            foreach (var model in token.ModelLimits.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                json.WriteBoolean(model, true);
            }
            json.WriteEndObject();
            json.WriteBoolean("model_limits_enabled"u8, token.ModelLimitsEnabled);
            json.WriteNumber("expires_at"u8, token.ExpiredTime == -1 ? 0 : token.ExpiredTime);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    internal static async Task<IResult> Subscription(HttpContext context, RelayKeys keys, LiveOptions live, CancellationToken ct)
    {
        var (status, owner) = await keys.StrictAsync(context, ct);
        if (owner is null)
        {
            return Refuse(context, status);
        }
        var options = await live.CurrentAsync(ct);
        var ofKey = options.DisplayTokenStatEnabled;
        var amount = ofKey && owner.Token.UnlimitedQuota
            ? Unlimited
            : InDisplayUnit(Used(owner, ofKey) + (ofKey ? owner.Token.RemainQuota : owner.User.Quota), options);
        var until = owner.Token.ExpiredTime > 0 ? owner.Token.ExpiredTime : 0;
        return new JsonBody(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "billing_subscription");
            json.WriteBoolean("has_payment_method"u8, true);
            json.WriteNumber("soft_limit_usd"u8, amount);
            json.WriteNumber("hard_limit_usd"u8, amount);
            json.WriteNumber("system_hard_limit_usd"u8, amount);
            json.WriteNumber("access_until"u8, until);
            json.WriteEndObject();
        });
    }

    internal static async Task<IResult> Usage(HttpContext context, RelayKeys keys, LiveOptions live, CancellationToken ct)
    {
        var (status, owner) = await keys.StrictAsync(context, ct);
        if (owner is null)
        {
            return Refuse(context, status);
        }
        var options = await live.CurrentAsync(ct);
        var cents = InDisplayUnit(Used(owner, options.DisplayTokenStatEnabled), options) * 100;
        return new JsonBody(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list");
            json.WriteNumber("total_usage"u8, cents);
            json.WriteEndObject();
        });
    }

    private static long Used(CallerRows owner, bool ofKey) => ofKey ? owner.Token.UsedQuota : owner.User.UsedQuota;

    private static decimal InDisplayUnit(long points, GatewayOptions options)
    {
        var dollars = points / options.QuotaPerUnit;
        var amount = options.General.QuotaDisplayType switch
        {
            QuotaDisplay.Tokens => points,
            QuotaDisplay.Cny => dollars * options.USDExchangeRate,
            QuotaDisplay.Custom => dollars * options.General.CustomCurrencyExchangeRate,
            _ => dollars,
        };
        // Division leaves trailing zeros; dividing by a one with 28 of them takes them away.
        return amount / 1.0000000000000000000000000000m;
    }

    /// <summary>The relay refuses before the route is reached, in the shape and with the status of the relay.</summary>
    private static JsonBody Refuse(HttpContext context, int status)
    {
        var text = status == StatusCodes.Status403Forbidden ? Say.Disabled : Say.BadRelayKey;
        return JsonBody.Error(status, $"{text.In(Languages.Of(context))} (request id: {context.TraceIdentifier})", "new_api_error");
    }
}
