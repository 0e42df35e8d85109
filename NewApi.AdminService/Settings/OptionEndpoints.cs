using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;

namespace NewApi.AdminService.Settings;

/// <summary>Options that take effect while the gateway runs (specification: admin API §12.1).</summary>
internal static class OptionEndpoints
{
    public static void MapOptions(this IEndpointRouteBuilder routes)
    {
        var options = routes.MapGroup("/option").WithTags("Options").RequireRole(Roles.Root);
        options.MapGet("", List).WithSummary("All options in force, without secrets");
        options.MapPut("", Put).WithSummary("Set one option");
        options.MapPost("/rest_model_ratio", ResetModelRatio).WithSummary("Go back to the shipped model ratios");
    }

    internal static async Task<IResult> List(LiveOptions live, CancellationToken ct)
    {
        var snapshot = await live.SnapshotAsync(ct);
        OptionView[] visible =
        [
            .. OptionCatalog.Effective(snapshot.Rows)
                .Where(option => !OptionCatalog.IsSecret(option.Key))
                .Select(option => new OptionView(option.Key, option.Value)),
        ];
        return Answer.Ok(visible);
    }

    internal static async Task<IResult> Put(
        HttpContext context, LiveOptions live, Database database, IChangeSignal changes, CancellationToken ct)
    {
        if (await context.ReadAsync<OptionRequest>() is not { } request || request.Text() is not { } value)
        {
            return Answer.Fail(Say.BadBody, Microsoft.AspNetCore.Http.StatusCodes.Status400BadRequest);
        }
        var key = request.Key?.Trim() ?? "";
        if (OptionRules.Mistake(key, value, await live.SnapshotAsync(ct)) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        await StoreAsync(key, value, database, changes, ct);
        return Answer.Ok();
    }

    internal static async Task<IResult> ResetModelRatio(Database database, IChangeSignal changes, CancellationToken ct)
    {
        await StoreAsync("ModelRatio", OptionCatalog.Find("ModelRatio")?.Default ?? "{}", database, changes, ct);
        return Answer.Ok();
    }

    private static async Task StoreAsync(string key, string value, Database database, IChangeSignal changes, CancellationToken ct)
    {
        await database.WriteAsync((db, token) => OptionWrites.StoreAsync(db, key, value, token), ct);
        await changes.PublishAsync(ChangeTopic.Options, null, CancellationToken.None);
    }
}
