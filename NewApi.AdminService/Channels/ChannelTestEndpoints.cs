using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Channels;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Providers.Probing;

namespace NewApi.AdminService.Channels;

/// <summary>Talking to an upstream on an administrator's behalf (specification: admin API §10.3).</summary>
internal static class ChannelTestEndpoints
{
    public static void MapChannelTests(this IEndpointRouteBuilder routes)
    {
        var channels = routes.MapGroup("/channel").WithTags("Channel tests").RequireRole(Roles.Admin);
        channels.MapGet("/test", TestAll).WithSummary("Have the workers test every channel that nobody has disabled by hand");
        channels.MapGet("/test/{id:long}", Test).WithSummary("Send a tiny request to the channel's upstream");
        channels.MapGet("/fetch_models/{id:long}", FetchModels).WithSummary("Models that the channel's upstream lists");
        channels.MapPost("/fetch_models", FetchModelsOf).WithSummary("Models that an upstream lists, before it is a channel");
    }

    internal static async Task<IResult> TestAll(ChannelTestStore tests, CancellationToken ct) =>
        await tests.AskAsync(ct) ? Answer.Ok() : Answer.Fail(Say.TestRunning, StatusCodes.Status409Conflict);

    internal static async Task<IResult> Test(
        long id,
        HttpRequest request,
        Database database,
        UpstreamProbe probe,
        ChannelTestStore tests,
        ChannelTestLog log,
        LiveOptions options,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await FindAsync(database, id, ct) is not { } row)
        {
            return Answer.NotFound();
        }
        if (KeyList.FirstEnabled(row) is not { } key)
        {
            return Answer.Fail(Say.NoEnabledKey).With("time", 0.0);
        }
        var model = TestModel.Of(row, request.Text("model"));
        if (!ModelMapping.Parse(row.ModelMapping).TryFollow(model, out var upstreamModel))
        {
            return Answer.Fail(Say.ChannelMapping).With("time", 0.0);
        }
        var stream = request.Flag("stream");
        var answer = await probe.AskAsync(TargetOf(row, key.Secret), upstreamModel, request.Text("endpoint_type"), stream, ct);
        if (answer.Elapsed > TimeSpan.Zero)
        {
            await tests.RecordAsync(id, answer.Elapsed, clock.GetUtcNow().ToUnixTimeSeconds(), ct);
        }
        if (answer.Fault is null)
        {
            await log.WriteAsync(row, model, answer.Usage, answer.Elapsed, stream, await options.CurrentAsync(ct), ct);
        }
        // Seconds here, milliseconds in the row.
        var seconds = Math.Round(answer.Elapsed.TotalSeconds, 3);
        return (answer.Fault is { } fault ? Answer.Fail(TextOf(fault)) : Answer.Ok()).With("time", seconds);
    }

    internal static async Task<IResult> FetchModels(long id, Database database, UpstreamProbe probe, CancellationToken ct)
    {
        if (await FindAsync(database, id, ct) is not { } row)
        {
            return Answer.NotFound();
        }
        if (KeyList.FirstEnabled(row) is not { } key)
        {
            return Answer.Fail(Say.NoEnabledKey);
        }
        var (fault, models) = await probe.ListModelsAsync(TargetOf(row, key.Secret), ct);
        return fault is { } wrong ? Answer.Fail(TextOf(wrong)) : Answer.Ok(models.ToList());
    }

    internal static async Task<IResult> FetchModelsOf(HttpContext context, UpstreamProbe probe, CancellationToken ct)
    {
        if (await context.ReadAsync<FetchModelsRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody, StatusCodes.Status400BadRequest);
        }
        if (KeyList.Split(request.Key ?? "").FirstOrDefault() is not { } key)
        {
            return Answer.Fail(Say.ChannelKeyMissing);
        }
        var (fault, models) = await probe.ListModelsAsync(new ProbeTarget(request.Type, key, request.BaseUrl), ct);
        return fault is { } wrong ? Answer.Fail(TextOf(wrong), StatusCodes.Status500InternalServerError) : Answer.Ok(models.ToList());
    }

    private static ProbeTarget TargetOf(ChannelRow row, string key) => new(row.Type, key, row.BaseUrl)
    {
        Other = row.Other,
        Organization = row.OpenAiOrganization,
        Setting = row.Setting,
        Settings = row.Settings,
        HeaderOverride = row.HeaderOverride,
        ParamOverride = row.ParamOverride,
        Created = row.CreatedTime,
    };

    private static Text TextOf(ProbeFault fault) => fault.Failure switch
    {
        ProbeFailure.Unsupported => Say.TestUnsupported,
        ProbeFailure.NoBaseUrl => Say.NoBaseUrl,
        ProbeFailure.BadBaseUrl => Say.BadBaseUrl,
        ProbeFailure.SetUp => Say.ChannelSetUp.Fill(fault.Said),
        ProbeFailure.Refused => Say.UpstreamStatus.Fill(fault.Status, fault.Said),
        ProbeFailure.Unreachable => Say.UpstreamUnreachable.Fill(fault.Said),
        ProbeFailure.Timeout => Say.UpstreamTimeout,
        _ => Say.UpstreamNotUnderstood,
    };

    private static async Task<ChannelRow?> FindAsync(Database database, long id, CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.Channels.FirstOrDefaultAsync(row => row.Id == id, ct);
    }
}
