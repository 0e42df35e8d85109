using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>Turns an upstream's error answer into a fault (specification: relay §8.2). Messages come out masked.</summary>
public static class UpstreamError
{
    public static RelayFault Parse(Dialect dialect, int status, ReadOnlySpan<byte> body, string? contentType) =>
        new(status, "bad_response_status_code", $"bad response status code {status}") { Type = "upstream_error", Leg = Leg.Headers };
}
