using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Channels;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Channels;

/// <summary>What is done to all channels of a tag at once (specification: admin API §10.2).</summary>
internal static class ChannelTagEndpoints
{
    public static void MapChannelTags(this IEndpointRouteBuilder routes)
    {
        var channels = routes.MapGroup("/channel").WithTags("Channel tags").RequireRole(Roles.Admin);
        channels.MapPost("/tag/disabled", (HttpContext context, ChannelWrites store, CancellationToken ct) =>
            SetStatus(context, ChannelStatus.DisabledByHand, store, ct)).WithSummary("Disable all channels of a tag");
        channels.MapPost("/tag/enabled", (HttpContext context, ChannelWrites store, CancellationToken ct) =>
            SetStatus(context, ChannelStatus.Enabled, store, ct)).WithSummary("Enable all channels of a tag");
        channels.MapPut("/tag", Edit).WithSummary("Change all channels of a tag");
        channels.MapGet("/tag/models", Models).WithSummary("The longest model list among the channels of a tag");
        channels.MapPost("/batch/tag", Assign).WithSummary("Give several channels a tag, or none");
    }

    private static async Task<IResult> SetStatus(HttpContext context, long status, ChannelWrites store, CancellationToken ct)
    {
        if (await context.ReadAsync<TagRequest>() is not { Tag: { Length: > 0 } tag })
        {
            return Answer.Fail(Say.TagMissing);
        }
        await store.EditManyAsync(all => all.Where(row => row.Tag == tag), row => row.Status = status, ct);
        return Answer.Ok();
    }

    internal static async Task<IResult> Edit(HttpContext context, ChannelWrites store, CancellationToken ct)
    {
        if (await context.ReadAsync<TagRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        if (request.Tag is not { Length: > 0 } tag)
        {
            return Answer.Fail(Say.TagMissing);
        }
        foreach (var (name, text) in ((string, string?)[])
            [("param_override", request.ParamOverride), ("header_override", request.HeaderOverride), ("model_mapping", request.ModelMapping)])
        {
            if (!string.IsNullOrWhiteSpace(text) && ChannelRules.Object(text) is null)
            {
                return Answer.Fail(Say.ChannelJson.Fill(name));
            }
        }
        await store.EditManyAsync(
            all => all.Where(row => row.Tag == tag),
            row =>
            {
                row.Tag = request.NewTag is null ? row.Tag : request.NewTag.Length == 0 ? null : request.NewTag;
                row.Priority = request.Priority ?? row.Priority;
                row.Weight = request.Weight is { } weight ? Math.Max(0, weight) : row.Weight;
                row.ModelMapping = string.IsNullOrEmpty(request.ModelMapping) ? row.ModelMapping : request.ModelMapping;
                row.Models = string.IsNullOrEmpty(request.Models) ? row.Models : request.Models.Trim(',');
                row.Group = string.IsNullOrEmpty(request.Groups) ? row.Group : request.Groups.Trim(',');
                row.ParamOverride = request.ParamOverride ?? row.ParamOverride;
                row.HeaderOverride = request.HeaderOverride ?? row.HeaderOverride;
            },
            ct);
        return Answer.Ok();
    }

    internal static async Task<IResult> Models(HttpRequest request, Database database, CancellationToken ct)
    {
        if (request.Text("tag") is not { Length: > 0 } tag)
        {
            return Answer.Fail(Say.TagMissing, StatusCodes.Status400BadRequest);
        }
        await using var db = database.Open();
        var lists = await db.Channels.Where(row => row.Tag == tag).Select(row => row.Models).ToListAsync(ct);
        return Answer.Ok(lists.MaxBy(list => list.Length) ?? "");
    }

    internal static async Task<IResult> Assign(HttpContext context, ChannelWrites store, CancellationToken ct)
    {
        if (await context.ReadAsync<ChannelIdsRequest>() is not { Ids: { Length: > 0 } ids } request)
        {
            return Answer.Fail(Say.IdsMissing);
        }
        var tag = string.IsNullOrEmpty(request.Tag) ? null : request.Tag;
        return Answer.Ok(await store.EditManyAsync(all => all.Where(row => ids.Contains(row.Id)), row => row.Tag = tag, ct));
    }
}
