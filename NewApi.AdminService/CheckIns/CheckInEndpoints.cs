using System.Globalization;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.AdminService.CheckIns;

/// <summary>A small reward for coming by, once a day of the server's calendar (specification: admin API §6).</summary>
internal static class CheckInEndpoints
{
    private const string DateFormat = "yyyy-MM-dd";

    public static void MapCheckIns(this IEndpointRouteBuilder routes)
    {
        var checkIn = routes.MapGroup("/user/checkin").WithTags("Own account");
        checkIn.MapGet("", Get).WithSummary("Check-ins of a month");
        checkIn.MapPost("", CheckIn).WithSummary("Check in for today; answers with the reward");
    }

    internal static async Task<IResult> Get(
        HttpRequest request, AdminCaller caller, LiveOptions live, Database database, TimeProvider clock, CancellationToken ct)
    {
        var settings = (await live.CurrentAsync(ct)).Checkin;
        if (!settings.Enabled)
        {
            return Answer.Fail(Say.NotEnabled);
        }
        var today = Today(clock);
        var month = request.Text("month") is { Length: > 0 } asked ? asked : today[..7];
        if (!DateOnly.TryParseExact(month + "-01", DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
        {
            return Answer.Fail(Say.MonthFormat);
        }
        await using var db = database.Open();
        var own = db.Checkins.Where(row => row.UserId == caller.Id);
        var totals = await own
            .GroupBy(_ => 1)
            .Select(group => new { Points = group.Sum(row => row.QuotaAwarded), Times = group.Count() })
            .FirstOrDefaultAsync(ct);
        var records = await own.Where(row => row.CheckinDate.StartsWith(month)).OrderByDescending(row => row.CheckinDate).ToListAsync(ct);
        var done = await own.AnyAsync(row => row.CheckinDate == today, ct);
        return Answer.Ok(new CheckInView(
            settings.Enabled,
            settings.MinQuota,
            settings.MaxQuota,
            new CheckInStats(
                totals?.Points ?? 0,
                totals?.Times ?? 0,
                records.Count,
                done,
                [.. records.Select(row => new CheckInRecord(row.CheckinDate, row.QuotaAwarded))])));
    }

    /// <summary>The row of the day is the claim: its unique index lets one of many through, and the points come in the same transaction.</summary>
    internal static async Task<IResult> CheckIn(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Turnstile turnstile,
        Database database,
        AccountLog log,
        IChangeSignal changes,
        TimeProvider clock,
        Random random,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!options.Checkin.Enabled)
        {
            return Answer.Fail(Say.NotEnabled);
        }
        if (await turnstile.RefuseAsync(context, options) is { } refusal)
        {
            return refusal;
        }
        var today = Today(clock);
        var reward = Reward(options.Checkin, random);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        try
        {
            await database.WriteAsync(
                async (db, token) =>
                {
                    await db.InsertAsync(
                        new CheckinRow { UserId = caller.Id, CheckinDate = today, QuotaAwarded = reward, CreatedAt = now }, token: token);
                    await LedgerEntries.CreditAsync(db, LedgerKind.Grant, $"checkin:{caller.Id}:{today}", caller.Id, reward, now, token);
                },
                ct);
        }
        catch (Exception fault) when (Database.IsDuplicate(fault))
        {
            return Answer.Fail(Say.CheckedIn);
        }
        await changes.PublishAsync(ChangeTopic.Users, caller.Id.ToString(CultureInfo.InvariantCulture), CancellationToken.None);
        await log.WriteAsync(caller.Id, caller.Username, LogType.System, $"Check-in of {today}: {reward} points given", CancellationToken.None);
        return Answer.Ok(new CheckInReward(reward, today));
    }

    /// <summary>Every amount between the two, both included, is as likely as any other.</summary>
    internal static long Reward(CheckinSettings settings, Random random) =>
        settings.MaxQuota <= settings.MinQuota
            ? settings.MinQuota
            : random.NextInt64(settings.MinQuota, settings.MaxQuota == long.MaxValue ? long.MaxValue : settings.MaxQuota + 1);

    private static string Today(TimeProvider clock) => clock.GetLocalNow().ToString(DateFormat, CultureInfo.InvariantCulture);
}

internal sealed record CheckInView(bool Enabled, long MinQuota, long MaxQuota, CheckInStats Stats);

internal sealed record CheckInStats(
    long TotalQuota, long TotalCheckins, long CheckinCount, bool CheckedInToday, IReadOnlyList<CheckInRecord> Records);

internal sealed record CheckInRecord(string CheckinDate, long QuotaAwarded);

internal sealed record CheckInReward(long QuotaAwarded, string CheckinDate);
