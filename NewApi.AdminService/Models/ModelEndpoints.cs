using NewApi.AdminService.Access;
using NewApi.AdminService.Http;

namespace NewApi.AdminService.Models;

/// <summary>The models that forms suggest (specification: admin API §10.1).</summary>
internal static class ModelEndpoints
{
    private const long Created = 1_626_777_600;

    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/models", ByType).WithTags("Models").WithSummary("Known models per channel type");
        routes.MapGet("/channel/models", All).RequireRole(Roles.Admin).WithTags("Models").WithSummary("Known models");
    }

    internal static IResult ByType() => Answer.Ok(json =>
    {
        json.WriteStartObject();
        foreach (var type in ModelCatalog.All.GroupBy(model => model.ChannelType).OrderBy(type => type.Key))
        {
            json.WriteStartArray(type.Key.ToString());
            foreach (var model in type)
            {
                json.WriteStringValue(model.Name);
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    });

    internal static IResult All() => Answer.Ok(json =>
    {
        json.WriteStartArray();
        foreach (var model in ModelCatalog.All)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, model.Name);
            json.WriteString("object"u8, "model");
            json.WriteNumber("created"u8, Created);
            json.WriteString("owned_by"u8, model.Owner);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
