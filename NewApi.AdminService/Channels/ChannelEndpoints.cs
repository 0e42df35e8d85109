using System.Text.Json;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Channels;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Channels;

/// <summary>Upstream accounts (specification: admin API §10).</summary>
internal static class ChannelEndpoints
{
    private const int BatchLimit = 10_000;

    public static void MapChannels(this IEndpointRouteBuilder routes)
    {
        var channels = routes.MapGroup("/channel").WithTags("Channels").RequireRole(Roles.Admin);
        channels.MapGet("", List).WithSummary("Channels, by priority or id, or by tag");
        channels.MapGet("/search", Search).WithSummary("Channels by name, id, address, group or model");
        channels.MapGet("/{id:long}", Get).WithSummary("One channel");
        channels.MapPost("", Create).WithSummary("Create one channel, one per key, or one with several keys");
        channels.MapPut("", Update).WithSummary("Change the given members of a channel");
        channels.MapDelete("/{id:long}", Delete).WithSummary("Delete a channel");
        channels.MapDelete("/disabled", DeleteDisabled).WithSummary("Delete all disabled channels");
        channels.MapPost("/batch", DeleteMany).WithSummary("Delete several channels");
        channels.MapPost("/copy/{id:long}", Copy).WithSummary("Clone a channel with its key");
        channels.MapPost("/fix", Repair).WithSummary("Derive the routing index anew");
        channels.MapGet("/models_enabled", EnabledModels).WithSummary("Models that an enabled channel serves");
    }

    internal static async Task<IResult> List(HttpRequest request, Database database, CancellationToken ct)
    {
        var paging = Paging.Of(request);
        await using var db = database.Open();
        var ofStatus = OfStatus(db.Channels, request);
        var found = request.Query["type"].ToString().Length > 0 && request.Number("type") is var type
            ? ofStatus.Where(row => row.Type == type)
            : ofStatus;
        var counts = await CountTypesAsync(ofStatus, ct);
        if (request.Flag("tag_mode"))
        {
            var tags = found.Where(row => row.Tag != null && row.Tag != "").Select(row => row.Tag!).Distinct();
            var total = await tags.CountAsync(ct);
            var page = await tags.OrderBy(tag => tag).Skip(paging.Skip).Take(paging.Size).ToListAsync(ct);
            var rows = await Sort(found.Where(row => page.Contains(row.Tag!)), request).ToListAsync(ct);
            return Answer.Ok(new ChannelPage([.. rows.Select(ChannelView.Of)], total, paging.Page, paging.Size, counts));
        }
        var items = await Sort(found, request).Skip(paging.Skip).Take(paging.Size).ToListAsync(ct);
        return Answer.Ok(new ChannelPage(
            [.. items.Select(ChannelView.Of)], await found.CountAsync(ct), paging.Page, paging.Size, counts));
    }

    internal static async Task<IResult> Search(HttpRequest request, Database database, CancellationToken ct)
    {
        var paging = Paging.Of(request, defaultSize: 20);
        await using var db = database.Open();
        var ofStatus = OfStatus(db.Channels, request);
        if (request.Text("keyword") is { Length: > 0 } keyword)
        {
            var id = long.TryParse(keyword, out var number) ? number : -1;
            ofStatus = ofStatus.Where(row => row.Id == id || row.Name.Contains(keyword) || row.Key == keyword || row.BaseUrl!.Contains(keyword));
        }
        if (request.Text("group") is { Length: > 0 } and not "null" and var group)
        {
            var member = "," + group + ",";
            ofStatus = ofStatus.Where(row => ("," + row.Group + ",").Contains(member));
        }
        if (request.Text("model") is { Length: > 0 } model)
        {
            ofStatus = ofStatus.Where(row => row.Models.Contains(model));
        }
        var counts = await CountTypesAsync(ofStatus, ct);
        var found = request.Query["type"].ToString().Length > 0 && request.Number("type") is var type
            ? ofStatus.Where(row => row.Type == type)
            : ofStatus;
        if (request.Flag("tag_mode"))
        {
            found = found.Where(row => row.Tag != null && row.Tag != "");
        }
        var items = await Sort(found, request).Skip(paging.Skip).Take(paging.Size).ToListAsync(ct);
        return Answer.Ok(new ChannelFindings([.. items.Select(ChannelView.Of)], await found.CountAsync(ct), counts));
    }

    internal static async Task<IResult> Get(long id, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.Channels.FirstOrDefaultAsync(row => row.Id == id, ct) is { } row
            ? Answer.Ok(ChannelView.Of(row))
            : Answer.NotFound();
    }

    internal static async Task<IResult> Create(HttpContext context, ChannelWrites store, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<JsonObject>() is not { } body)
        {
            return Answer.Fail(Say.BadBody);
        }
        // Older clients send the bare channel.
        var bare = body["channel"] is not JsonObject;
        if (bare && body.ContainsKey("mode"))
        {
            return Answer.Fail(Say.ChannelMissing);
        }
        var request = bare ? new ChannelCreateRequest() : JsonSerializer.Deserialize(body, AdminJson.TypeInfo<ChannelCreateRequest>())!;
        var fields = JsonSerializer.SerializeToElement(bare ? body : (JsonObject)body["channel"]!, AdminJson.TypeInfo<JsonObject>());
        var template = new ChannelRow
        {
            CreatedTime = clock.GetUtcNow().ToUnixTimeSeconds(),
            Weight = 0,
            Priority = 0,
            BaseUrl = "",
            ChannelInfo = MultiKeyInfo.Single().ToString(),
            Settings = "",
        };
        if ((ChannelFields.Apply(fields, template) ?? ChannelRules.Mistake(template)) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        IReadOnlyList<ChannelRow>? rows = request.Mode switch
        {
            null or "" or "single" => [template],
            "batch" => ChannelCopies.OnePerKey(template, request.AddKeyToName),
            "multi_to_single" => [ChannelCopies.WithAllKeys(template, request.MultiKeyMode)],
            _ => null,
        };
        if (rows is null)
        {
            return Answer.Fail(Say.ChannelMode);
        }
        if (rows.Count is 0 || rows.Any(row => string.IsNullOrWhiteSpace(row.Key)))
        {
            return Answer.Fail(Say.ChannelKeyMissing);
        }
        if (rows.Count > BatchLimit)
        {
            return Answer.Fail(Say.TooManyIds);
        }
        await store.InsertAsync(rows, ct);
        return Answer.Ok();
    }

    internal static async Task<IResult> Update(HttpContext context, ChannelWrites store, CancellationToken ct)
    {
        if (await context.ReadAsync<JsonObject>() is not { } body || body["id"] is not JsonValue idValue || !idValue.TryGetValue<long>(out var id))
        {
            return Answer.Fail(Say.BadBody);
        }
        var fields = JsonSerializer.SerializeToElement(body, AdminJson.TypeInfo<JsonObject>());
        Text? mistake = null;
        var edited = await store.EditAsync(
            id,
            row =>
            {
                var before = row.Key;
                mistake = ChannelFields.Apply(fields, row);
                if (mistake is null)
                {
                    ChannelCopies.UpdateKeys(row, before, fields.Text("key_mode"), fields.Text("multi_key_mode"));
                    mistake = ChannelRules.Mistake(row);
                }
                return mistake is null;
            },
            ct);
        return edited is null ? Answer.NotFound()
            : mistake is { } wrong ? Answer.Fail(wrong)
            : Answer.Ok(ChannelView.Of(edited));
    }

    internal static async Task<IResult> Delete(long id, ChannelWrites store, CancellationToken ct)
    {
        await store.DeleteAsync(all => all.Where(row => row.Id == id), ct);
        return Answer.Ok();
    }

    internal static async Task<IResult> DeleteDisabled(ChannelWrites store, CancellationToken ct) =>
        Answer.Ok(await store.DeleteAsync(
            all => all.Where(row => row.Status == ChannelStatus.DisabledByHand || row.Status == ChannelStatus.DisabledAutomatically), ct));

    internal static async Task<IResult> DeleteMany(HttpContext context, ChannelWrites store, CancellationToken ct)
    {
        if (await context.ReadAsync<ChannelIdsRequest>() is not { Ids: { Length: > 0 } ids })
        {
            return Answer.Fail(Say.IdsMissing);
        }
        if (ids.Length > BatchLimit)
        {
            return Answer.Fail(Say.TooManyIds);
        }
        await store.DeleteAsync(all => all.Where(row => ids.Contains(row.Id)), ct);
        return Answer.Ok(ids.Length);
    }

    internal static async Task<IResult> Copy(
        long id, HttpRequest request, Database database, ChannelWrites store, TimeProvider clock, CancellationToken ct)
    {
        await using var db = database.Open();
        if (await db.Channels.FirstOrDefaultAsync(row => row.Id == id, ct) is not { } row)
        {
            return Answer.NotFound();
        }
        row.Name += request.Query.TryGetValue("suffix", out var suffix) ? suffix.ToString() : "_复制";
        row.CreatedTime = clock.GetUtcNow().ToUnixTimeSeconds();
        row.TestTime = 0;
        row.ResponseTime = 0;
        if (!request.Query.ContainsKey("reset_balance") || request.Flag("reset_balance"))
        {
            row.Balance = 0;
            row.BalanceUpdatedTime = 0;
            row.UsedQuota = 0;
        }
        var ids = await store.InsertAsync([row], ct);
        return Answer.Ok(new CreatedView(ids[0]));
    }

    internal static async Task<IResult> Repair(RepairGate gate, ChannelWrites store, CancellationToken ct)
    {
        if (!gate.TryEnter())
        {
            return Answer.Fail(Say.RepairRunning);
        }
        try
        {
            return Answer.Ok(new RepairView(await store.RepairAsync(ct), 0));
        }
        finally
        {
            gate.Leave();
        }
    }

    internal static async Task<IResult> EnabledModels(Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return Answer.Ok(await db.Abilities.Where(ability => ability.Enabled)
            .Select(ability => ability.Model).Distinct().OrderBy(model => model).ToListAsync(ct));
    }

    private static IQueryable<ChannelRow> OfStatus(IQueryable<ChannelRow> channels, HttpRequest request) => request.Text("status") switch
    {
        "enabled" or "1" => channels.Where(row => row.Status == ChannelStatus.Enabled),
        "disabled" or "0" => channels.Where(row => row.Status != ChannelStatus.Enabled),
        _ => channels,
    };

    private static IOrderedQueryable<ChannelRow> Sort(IQueryable<ChannelRow> channels, HttpRequest request) => request.Flag("id_sort")
        ? channels.OrderByDescending(row => row.Id)
        : channels.OrderByDescending(row => row.Priority ?? 0).ThenByDescending(row => row.Id);

    private static async Task<Dictionary<string, long>> CountTypesAsync(IQueryable<ChannelRow> channels, CancellationToken ct)
    {
        var counts = await channels.GroupBy(row => row.Type).Select(group => new { Type = group.Key, Count = group.LongCount() }).ToListAsync(ct);
        return counts.ToDictionary(entry => entry.Type.ToString(), entry => entry.Count);
    }

    private static string? Text(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Lets one repair run at a time in this process.</summary>
internal sealed class RepairGate
{
    private int _running;

    public bool TryEnter() => Interlocked.CompareExchange(ref _running, 1, 0) == 0;

    public void Leave() => Volatile.Write(ref _running, 0);
}
