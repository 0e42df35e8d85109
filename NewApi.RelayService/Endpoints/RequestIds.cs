using NewApi.Domain;

namespace NewApi.RelayService.Endpoints;

/// <summary>Names requests that do not go through the pipeline.</summary>
internal static class RequestIds
{
    public static string Begin(HttpContext http)
    {
        var id = RequestId.Next(http.RequestServices.GetRequiredService<TimeProvider>());
        http.Response.Headers[RequestId.Header] = id;
        return id;
    }

    /// <summary>The route demands a key, which it checks itself in the shape of its dialect. A test proves that every route says so.</summary>
    public static TBuilder ForCallers<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder
    {
        route.Add(endpoint => endpoint.Metadata.Add(CallersOnly.Instance));
        return route;
    }
}

/// <summary>Marks routes that only a key opens.</summary>
internal sealed class CallersOnly
{
    public static CallersOnly Instance { get; } = new();
}
