using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;
using NewApi.Domain.Funding;

namespace NewApi.Data.Ledger;

/// <summary>Reads who pays for the calls of a user.</summary>
public static class FundingStore
{
    private static readonly Func<DataConnection, long, long, IQueryable<Found>> Active = CompiledQuery.Compile(
        (DataConnection db, long userId, long now) =>
            from row in db.GetTable<UserSubscriptionRow>()
            from plan in db.GetTable<SubscriptionPlanRow>().LeftJoin(plan => plan.Id == row.PlanId)
            where row.UserId == userId && row.Status == "active" && row.EndTime > now
            orderby row.EndTime, row.Id
            select new Found
            {
                Id = row.Id,
                PlanId = row.PlanId,
                Title = plan.Title,
                Total = row.AmountTotal,
                Used = row.AmountUsed,
                EndsAt = row.EndTime,
                Overflow = plan.AllowWalletOverflow,
            });

    /// <param name="db">A connection, in a transaction or not.</param>
    /// <param name="userId">Whose calls.</param>
    /// <param name="setting">The user's <c>setting</c>, which names the preference.</param>
    /// <param name="now">Unix seconds.</param>
    /// <param name="cancel">Cancels the query.</param>
    public static async Task<Funding> ReadAsync(DataConnection db, long userId, string? setting, long now, CancellationToken cancel)
    {
        var preference = PreferenceOf(setting);
        var found = preference == BillingPreference.WalletOnly ? [] : await Active(db, userId, now).ToListAsync(cancel);
        return new Funding
        {
            Preference = preference,
            Subscriptions = found.ConvertAll(row => new FundingSubscription(row.Id, row.PlanId, row.Title ?? "", row.Total, row.Used, row.EndsAt)),
            Overflows = found.TrueForAll(row => row.Overflow ?? true),
        };
    }

    internal static async Task<bool> AllowsOverflowAsync(DataConnection db, long subscriptionId, CancellationToken cancel)
    {
        var found = await (
            from row in db.GetTable<UserSubscriptionRow>()
            join user in db.GetTable<UserRow>() on row.UserId equals user.Id
            from plan in db.GetTable<SubscriptionPlanRow>().LeftJoin(plan => plan.Id == row.PlanId)
            where row.Id == subscriptionId
            select new { user.Setting, plan.AllowWalletOverflow }).FirstOrDefaultAsync(cancel);
        return found is null
            || (PreferenceOf(found.Setting) != BillingPreference.SubscriptionOnly && (found.AllowWalletOverflow ?? true));
    }

    private static BillingPreference PreferenceOf(string? setting)
    {
        if (string.IsNullOrEmpty(setting))
        {
            return BillingPreference.SubscriptionFirst;
        }
        try
        {
            using var json = JsonDocument.Parse(setting);
            return BillingPreferences.Parse(
                json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("billing_preference", out var value)
                && value.ValueKind == JsonValueKind.String
                    ? value.GetString()
                    : null);
        }
        catch (JsonException)
        {
            return BillingPreference.SubscriptionFirst;
        }
    }

    private sealed class Found
    {
        public long Id { get; init; }

        public long PlanId { get; init; }

        public string? Title { get; init; }

        public long Total { get; init; }

        public long Used { get; init; }

        public long EndsAt { get; init; }

        public bool? Overflow { get; init; }
    }
}
