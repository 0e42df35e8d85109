using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Channels;

/// <summary>Talking to an upstream on an administrator's behalf (specification: admin API §10.3).</summary>
internal static class ChannelTestEndpoints
{
    public static void MapChannelTests(this IEndpointRouteBuilder routes)
    {
        var channels = routes.MapGroup("/channel").WithTags("Channel tests").RequireRole(Roles.Admin);
        channels.MapGet("/test/{id:long}", Test).WithSummary("Send a tiny request to the channel's upstream");
        channels.MapGet("/fetch_models/{id:long}", FetchModels).WithSummary("Models that the channel's upstream lists");
        channels.MapPost("/fetch_models", FetchModelsOf).WithSummary("Models that an upstream lists, before it is a channel");
    }

    internal static async Task<IResult> Test(
        long id, HttpRequest request, Database database, ChannelProbe probe, ChannelWrites store, TimeProvider clock, CancellationToken ct)
    {
        if (await FindAsync(database, id, ct) is not { } row)
        {
            return Answer.NotFound();
        }
        var result = await probe.TestAsync(row, request.Text("model"), request.Text("endpoint_type"), request.Flag("stream"), ct);
        if (result.Elapsed > TimeSpan.Zero)
        {
            await store.RecordTestAsync(id, (long)result.Elapsed.TotalMilliseconds, clock.GetUtcNow().ToUnixTimeSeconds(), ct);
        }
        // Seconds here, milliseconds in the row.
        var seconds = Math.Round(result.Elapsed.TotalSeconds, 3);
        return (result.Fault is { } fault ? Answer.Fail(fault) : Answer.Ok()).With("time", seconds);
    }

    internal static async Task<IResult> FetchModels(long id, Database database, ChannelProbe probe, CancellationToken ct)
    {
        if (await FindAsync(database, id, ct) is not { } row)
        {
            return Answer.NotFound();
        }
        if (ChannelKeys.FirstEnabled(row.Key, MultiKeyInfo.Parse(row.ChannelInfo)) is not { } key)
        {
            return Answer.Fail(Say.NoEnabledKey);
        }
        var (fault, models) = await probe.ListModelsAsync(row.Type, row.BaseUrl, key, row.HeaderOverride, ChannelProbe.Proxy(row), ct);
        return fault is { } wrong ? Answer.Fail(wrong) : Answer.Ok(models);
    }

    internal static async Task<IResult> FetchModelsOf(HttpContext context, ChannelProbe probe, CancellationToken ct)
    {
        if (await context.ReadAsync<FetchModelsRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody, StatusCodes.Status400BadRequest);
        }
        if (ChannelKeys.Split(request.Key ?? "").FirstOrDefault() is not { } key)
        {
            return Answer.Fail(Say.ChannelKeyMissing);
        }
        var (fault, models) = await probe.ListModelsAsync(request.Type, request.BaseUrl, key, null, null, ct);
        return fault is { } wrong ? Answer.Fail(wrong, StatusCodes.Status500InternalServerError) : Answer.Ok(models);
    }

    private static async Task<ChannelRow?> FindAsync(Database database, long id, CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.Channels.FirstOrDefaultAsync(row => row.Id == id, ct);
    }
}
