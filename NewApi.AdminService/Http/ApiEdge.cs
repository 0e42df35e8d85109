using System.Net;
using NewApi.AdminService.Access;
using NewApi.Data.Ledger;
using NewApi.Domain;
using NewApi.ServiceDefaults;

namespace NewApi.AdminService.Http;

/// <summary>
/// What surrounds every management route: its name and version headers, limits, access, and the shape of a crash. It wraps the finished
/// handler, so it runs before any parameter is bound: a refused caller makes us read nothing.
/// </summary>
internal static class ApiEdge
{
    public static RouteGroupBuilder MapEdge(this IEndpointRouteBuilder routes, string prefix)
    {
        var group = routes.MapGroup(prefix);
        ((IEndpointConventionBuilder)group).Finally(builder =>
        {
            var route = (RouteEndpointBuilder)builder;
            var handler = route.RequestDelegate ?? throw new InvalidOperationException("A route without a handler.");
            var rules = RouteRules.Of(route);
            route.RequestDelegate = context => RunAsync(context, rules, handler);
        });
        return group;
    }

    private static async Task RunAsync(HttpContext context, RouteRules rules, RequestDelegate handler)
    {
        var services = context.RequestServices;
        var id = RequestId.Next(services.GetRequiredService<TimeProvider>());
        context.TraceIdentifier = id;
        var headers = context.Response.Headers;
        headers[RequestId.Header] = id;
        headers["X-New-Api-Version"] = services.GetRequiredService<AdminOptions>().Version;
        headers.CacheControl = "no-store";
        if (rules.CrossOrigin)
        {
            headers.AccessControlAllowOrigin = "*";
            headers.AccessControlAllowHeaders = "*";
            headers.AccessControlAllowMethods = "GET, OPTIONS";
        }
        try
        {
            if (await RefuseAsync(context, rules) is { } refusal)
            {
                await refusal.ExecuteAsync(context);
                return;
            }
            await handler(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has left.
        }
        catch (BadHttpRequestException fault) when (!context.Response.HasStarted)
        {
            services.GetRequiredService<ILogger<AdminModule.Log>>().BadRequest(id, fault.StatusCode);
            await Answer.Fail(Say.BadRequest, fault.StatusCode).ExecuteAsync(context);
        }
        catch (BalanceOutOfRangeException) when (!context.Response.HasStarted)
        {
            // No success to a payment provider either: it tries again, and the order stays open until then.
            await Answer.Fail(Say.BalanceRange, StatusCodes.Status409Conflict).ExecuteAsync(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            services.GetRequiredService<ILogger<AdminModule.Log>>().Crashed(fault, id, rules.Name);
            context.Response.Headers.ContentEncoding = default;
            await JsonBody.Error(
                StatusCodes.Status500InternalServerError,
                Say.Failed.In(Languages.Of(context)) + $" (request id: {id})",
                "new_api_panic",
                bare: true).ExecuteAsync(context);
        }
    }

    private static async Task<IResult?> RefuseAsync(HttpContext context, RouteRules rules)
    {
        var services = context.RequestServices;
        var limits = services.GetRequiredService<RateLimits>();
        var address = ClientAddress.Of(context) ?? IPAddress.None;
        if (!limits.Admit(LimitKind.Api, address) || (rules.Critical && !limits.Admit(LimitKind.Critical, address)))
        {
            return Results.StatusCode(StatusCodes.Status429TooManyRequests);
        }
        var authentication = services.GetRequiredService<Authentication>();
        if (rules.Open)
        {
            await authentication.TryAsync(context);
            return null;
        }
        if (await authentication.RefuseAsync(context, rules.Level) is { } refusal)
        {
            return refusal;
        }
        var caller = context.Features.Get<AdminCaller>()!;
        return rules.Search && !limits.AdmitUser(LimitKind.Search, caller.Id)
            ? Results.StatusCode(StatusCodes.Status429TooManyRequests)
            : null;
    }

    /// <summary>What the route's metadata ask for, worked out once.</summary>
    private sealed record RouteRules(string Name, bool Open, long Level, bool Critical, bool Search, bool CrossOrigin)
    {
        public static RouteRules Of(RouteEndpointBuilder route)
        {
            var methods = route.Metadata.OfType<HttpMethodMetadata>().LastOrDefault()?.HttpMethods ?? [];
            var pattern = "/" + route.RoutePattern.RawText?.Trim('/');
            string[] names = methods.Count == 0 ? [$"* {pattern}"] : [.. methods.Select(method => $"{method} {pattern}")];
            return new RouteRules(
                string.Join(" | ", names),
                names.All(OpenRoutes.Names.Contains),
                route.Metadata.OfType<RequiredRole>().Select(role => role.Level).DefaultIfEmpty(Roles.Common).Max(),
                route.Metadata.OfType<Limited>().Any(limited => limited.Kind == LimitKind.Critical),
                route.Metadata.OfType<Limited>().Any(limited => limited.Kind == LimitKind.Search),
                route.Metadata.OfType<CrossOrigin>().Any());
        }
    }
}
