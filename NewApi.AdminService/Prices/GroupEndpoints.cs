using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Domain.Groups;

namespace NewApi.AdminService.Prices;

/// <summary>Groups: who may use which, at which ratio (specification: admin API §6, §12.3).</summary>
internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/group", Names).RequireRole(Roles.Admin).WithTags("Prices").WithSummary("Names of all groups");
        routes.MapGet("/user/groups", Selectable).WithTags("Prices").WithSummary("Groups that may be selected, with ratio and description");
        routes.MapGet("/user/self/groups", Selectable).WithTags("Prices").WithSummary("Groups that the own account may select");
        routes.MapGet("/user/models", Models).WithTags("Prices").WithSummary("Models that the own account may use");
    }

    internal static async Task<IResult> Names(LiveOptions live, CancellationToken ct) =>
        Answer.Ok<string[]>([.. (await live.CurrentAsync(ct)).GroupRatio.Keys.Order(StringComparer.Ordinal)]);

    internal static async Task<IResult> Selectable(AdminCaller? caller, LiveOptions live, CancellationToken ct)
    {
        var groups = (await live.SnapshotAsync(ct)).Groups;
        var own = caller?.User.Group ?? "";
        return Answer.Ok(json =>
        {
            json.WriteStartObject();
            foreach (var (group, description) in groups.UsableBy(own).OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                if (group == GroupRules.Auto)
                {
                    json.WriteStartObject(group);
                    json.WriteString("ratio"u8, "auto");
                    json.WriteString("desc"u8, description);
                    json.WriteEndObject();
                }
                else if (groups.Exists(group))
                {
                    json.WriteStartObject(group);
                    json.WriteNumber("ratio"u8, groups.PriceOf(own, group).Ratio);
                    json.WriteString("desc"u8, description);
                    json.WriteEndObject();
                }
            }
            json.WriteEndObject();
        });
    }

    internal static async Task<IResult> Models(AdminCaller caller, LiveOptions live, ModelIndex index, CancellationToken ct)
    {
        var usable = (await live.SnapshotAsync(ct)).Groups.UsableBy(caller.User.Group);
        return Answer.Ok<string[]>(
            [.. (await index.AllAsync(ct)).Where(model => model.Groups.Any(usable.ContainsKey)).Select(model => model.Name)]);
    }
}
