namespace NewApi.AdminService.Access;

/// <summary>Route metadata: the lowest role that may call; the highest of several wins, none means a common user.</summary>
internal sealed record RequiredRole(long Level);

/// <summary>Route metadata: browsers of other origins may call; such a route authenticates with a relay key, never with the cookie.</summary>
internal sealed record CrossOrigin;

internal static class RouteAccess
{
    public static TBuilder RequireRole<TBuilder>(this TBuilder builder, long level)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new RequiredRole(level));

    /// <summary>The route counts against a further limiter.</summary>
    public static TBuilder Limit<TBuilder>(this TBuilder builder, LimitKind kind)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new Limited(kind));

    /// <summary>A GET that browsers of other origins may call: the route itself, and the answer to their question whether they may.</summary>
    public static RouteHandlerBuilder MapCrossOriginGet(this IEndpointRouteBuilder routes, string pattern, Delegate handler)
    {
        routes.MapMethods(pattern, [HttpMethods.Options], static () => Results.NoContent()).AllowOtherOrigins().ExcludeFromDescription();
        return routes.MapGet(pattern, handler).AllowOtherOrigins();
    }

    private static TBuilder AllowOtherOrigins<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new CrossOrigin());
}
