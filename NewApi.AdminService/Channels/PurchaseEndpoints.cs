using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Rows;
using NewApi.Domain.Pricing;

namespace NewApi.AdminService.Channels;

/// <summary>What a channel's upstream charges the operator: from it the statistics know cost and margin.</summary>
internal static class PurchaseEndpoints
{
    public static void MapPurchasePrices(this IEndpointRouteBuilder routes)
    {
        var purchase = routes.MapGroup("/channel/{id:long}/purchase").WithTags("Channels").RequireRole(Roles.Admin);
        purchase.MapGet("", Get).WithSummary("Purchase prices of a channel");
        purchase.MapPut("", Put).WithSummary("Set the purchase prices of a channel");
    }

    internal static async Task<IResult> Get(long id, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var row = await db.Channels.Where(channel => channel.Id == id).Select(channel => new { channel.Purchase }).FirstOrDefaultAsync(ct);
        return row is null ? Answer.NotFound() : Answer.Ok(json => json.WriteRawValue(string.IsNullOrWhiteSpace(row.Purchase) ? "{}" : row.Purchase));
    }

    internal static async Task<IResult> Put(long id, HttpContext context, Database database, IChangeSignal changes, CancellationToken ct)
    {
        if (await context.ReadAsync<System.Text.Json.Nodes.JsonObject>() is not { } prices)
        {
            return Answer.Fail(Say.BadBody, StatusCodes.Status400BadRequest);
        }
        var text = prices.ToJsonString();
        PurchasePrices.Parse(text, out var problem);
        if (problem is not null)
        {
            return Answer.Fail(Text.Verbatim(problem));
        }
        var stored = prices.Count == 0 ? null : text;
        var changed = await database.WriteAsync(
            (db, token) => db.Channels.Where(channel => channel.Id == id).Set(channel => channel.Purchase, stored).UpdateAsync(token), ct);
        if (changed == 0)
        {
            return Answer.NotFound();
        }
        await changes.PublishAsync(ChangeTopic.Channels, id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }
}
