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

    /// <summary>The answer to browsers of other origins that ask whether they may call a route.</summary>
    public static void MapPreflight(this IEndpointRouteBuilder routes, string pattern) =>
        routes.MapMethods(pattern, [HttpMethods.Options], static () => Results.NoContent()).AllowOtherOrigins().ExcludeFromDescription();

    /// <summary>Browsers of other origins may call the route; it needs a preflight beside it.</summary>
    public static TBuilder AllowOtherOrigins<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new CrossOrigin());
}
