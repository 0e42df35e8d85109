using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Rows;
using NewApi.Domain.Funding;

namespace NewApi.AdminService.Subscriptions;

/// <summary>Plans as users see and hold them (specification: admin API §16).</summary>
internal static class SubscriptionEndpoints
{
    private const string PreferenceName = "billing_preference";

    public static void MapSubscriptions(this IEndpointRouteBuilder routes)
    {
        var plans = routes.MapGroup("/subscription").WithTags("Subscriptions");
        plans.MapGet("/plans", List).WithSummary("Plans on sale");
        plans.MapGet("/self", Own).WithSummary("The own plans, and what pays first");
        plans.MapPut("/self/preference", SetPreference).WithSummary("Choose what pays first");
    }

    internal static async Task<IResult> List(Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var plans = await db.SubscriptionPlans
            .Where(row => row.Enabled)
            .OrderByDescending(row => row.SortOrder).ThenByDescending(row => row.Id)
            .ToListAsync(ct);
        return Answer.Ok<PlanView[]>([.. plans.Select(PlanFields.Of)]);
    }

    internal static async Task<IResult> Own(AdminCaller caller, Database database, TimeProvider clock, CancellationToken ct)
    {
        await using var db = database.Open();
        var held = await db.UserSubscriptions.Where(row => row.UserId == caller.Id).OrderByDescending(row => row.Id).ToListAsync(ct);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        return Answer.Ok(new OwnPlansView(
            Preference(caller.User),
            [.. held.Where(row => HeldPlanView.IsActive(row, now)).Select(HeldPlanView.Of)],
            [.. held.Select(HeldPlanView.Of)]));
    }

    internal static async Task<IResult> SetPreference(
        HttpContext context, AdminCaller caller, Database database, IChangeSignal changes, CancellationToken ct)
    {
        if (await context.ReadAsync<PreferenceRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var preference = BillingPreferences.NameOf(BillingPreferences.Parse(request.BillingPreference));
        var stored = await SelfEndpoints.StoreSettingAsync(caller, database, changes, setting => setting[PreferenceName] = preference, ct);
        return stored.Success ? Answer.Ok(new PreferenceView(preference)) : stored;
    }

    private static string Preference(UserRow user) => BillingPreferences.NameOf(BillingPreferences.Parse(
        UserSetting.Parse(user.Setting)[PreferenceName] is { } value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : null));
}
