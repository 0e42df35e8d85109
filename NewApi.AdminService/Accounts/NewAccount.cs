using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.AdminService.Access;
using NewApi.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Accounts;

/// <summary>Creates accounts with everything that belongs to one: start balance, ledger, invitation, first key, log rows.</summary>
internal sealed class NewAccount(Database database, AccountLog log, AdminOptions admin, TimeProvider clock)
{
    /// <summary>Invitation codes have 62⁴ values, so a collision is ordinary; the whole transaction is tried again with a fresh one.</summary>
    private const int Tries = 5;

    /// <summary>The new id, or null when the name or e-mail is taken.</summary>
    public async Task<long?> CreateAsync(UserRow row, string? invitation, GatewayOptions options, CancellationToken ct)
    {
        row.Quota = Math.Max(0, options.QuotaForNewUser);
        row.Setting = AccountRules.FirstSetting(row.Role);
        row.CreatedAt = clock.GetUtcNow().ToUnixTimeSeconds();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var created = await database.WriteAsync((db, token) => InsertAsync(db, row, invitation, options, token), ct);
                if (created is { } outcome)
                {
                    await LogAsync(outcome, row, options);
                }
                return created?.UserId;
            }
            catch (Exception fault) when (Database.IsDuplicate(fault) && attempt < Tries)
            {
            }
        }
    }

    private async Task<Created?> InsertAsync(
        DataConnection db, UserRow row, string? invitation, GatewayOptions options, CancellationToken ct)
    {
        if (await AccountRules.IsTakenAsync(db, row.Username, row.Email, ct))
        {
            return null;
        }
        var inviter = string.IsNullOrEmpty(invitation)
            ? null
            : await db.Users.FirstOrDefaultAsync(user => user.AffCode == invitation && user.DeletedAt == null, ct);
        row.AffCode = Credentials.InvitationCode();
        row.InviterId = inviter?.Id ?? 0;
        var id = await db.InsertWithInt64IdentityAsync(row, token: ct);
        await LedgerEntries.OpenAsync(db, id, row.Quota, row.CreatedAt, ct);
        if (inviter is not null)
        {
            if (options.QuotaForInvitee > 0)
            {
                await LedgerEntries.CreditAsync(db, LedgerKind.Grant, $"invited:{id}", id, options.QuotaForInvitee, row.CreatedAt, ct);
            }
            // Whoever has been rewarded to the brim gets no more, and invites all the same.
            var reward = inviter.AffQuota > Quota.Most || inviter.AffHistory > Quota.Most ? 0 : Math.Max(0, options.QuotaForInviter);
            await db.Users.Where(user => user.Id == inviter.Id)
                .Set(user => user.AffCount, user => user.AffCount + 1)
                .Set(user => user.AffQuota, user => user.AffQuota + reward)
                .Set(user => user.AffHistory, user => user.AffHistory + reward)
                .UpdateAsync(ct);
        }
        if (admin.GenerateDefaultToken)
        {
            await db.InsertAsync(
                new TokenRow
                {
                    UserId = id,
                    Key = Credentials.RelayKey(),
                    Name = row.Username,
                    CreatedTime = row.CreatedAt,
                    AccessedTime = row.CreatedAt,
                    UnlimitedQuota = true,
                    ExpiredTime = -1,
                    Group = options.DefaultUseAutoGroup ? "auto" : "",
                    AllowIps = "",
                },
                token: ct);
        }
        return new Created(id, inviter?.Id ?? 0, inviter?.Username ?? "");
    }

    /// <summary>The account is made: its log rows are written also when the caller has hung up.</summary>
    private async Task LogAsync(Created created, UserRow row, GatewayOptions options)
    {
        if (row.Quota > 0)
        {
            await log.WriteAsync(created.UserId, row.Username, LogType.System, $"New account: {row.Quota} points given", CancellationToken.None);
        }
        if (created.InviterId == 0)
        {
            return;
        }
        if (options.QuotaForInvitee > 0)
        {
            await log.WriteAsync(
                created.UserId, row.Username, LogType.System, $"Invitation used: {options.QuotaForInvitee} points given", CancellationToken.None);
        }
        if (options.QuotaForInviter > 0)
        {
            await log.WriteAsync(
                created.InviterId,
                created.InviterName,
                LogType.System,
                $"Invited a user: {options.QuotaForInviter} points of reward",
                CancellationToken.None);
        }
    }

    private sealed record Created(long UserId, long InviterId, string InviterName);
}
