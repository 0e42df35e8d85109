using System.Security.Cryptography;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.AdminService.Access;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Accounts;

/// <summary>
/// The second factor of an account: a time code, or one of four backup codes that each work once. Five wrong codes lock it for five minutes,
/// also when they come at the same moment; a time code works once (specification: admin API §5.5).
/// </summary>
internal sealed class SecondFactor(Database database, Passwords passwords, TimeProvider clock)
{
    private const int MostFailures = 5;
    private const int BackupCodes = 4;
    private const string BackupAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    public async Task<TwoFactorRow?> FindAsync(long userId, CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.TwoFactors.FirstOrDefaultAsync(row => row.UserId == userId && row.DeletedAt == null, ct);
    }

    public async Task<int> BackupCodesLeftAsync(long userId, CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.TwoFactorBackupCodes.CountAsync(row => row.UserId == userId && !row.IsUsed && row.DeletedAt == null, ct);
    }

    public bool IsLocked(TwoFactorRow row) => row.LockedUntil is { } until && until > clock.GetUtcNow();

    /// <summary>A fresh secret that is not switched on yet, with its backup codes; null when the factor is on already.</summary>
    public async Task<(string Secret, string[] BackupCodes)?> PrepareAsync(long userId, CancellationToken ct)
    {
        var secret = TimeCodes.NewSecret();
        var codes = NewBackupCodes();
        var hashes = await HashAsync(codes, ct);
        var now = clock.GetUtcNow();
        var prepared = await database.WriteAsync(
            async (db, token) =>
            {
                if (await db.TwoFactors.AnyAsync(row => row.UserId == userId && row.IsEnabled, token))
                {
                    return false;
                }
                await db.TwoFactors.Where(row => row.UserId == userId).DeleteAsync(token);
                await db.InsertAsync(new TwoFactorRow { UserId = userId, Secret = secret, CreatedAt = now, UpdatedAt = now }, token: token);
                await ReplaceCodesAsync(db, userId, hashes, now, token);
                return true;
            },
            ct);
        return prepared ? (secret, codes) : null;
    }

    public async Task<string[]> RenewBackupCodesAsync(long userId, CancellationToken ct)
    {
        var codes = NewBackupCodes();
        var hashes = await HashAsync(codes, ct);
        await database.WriteAsync((db, token) => ReplaceCodesAsync(db, userId, hashes, clock.GetUtcNow(), token), ct);
        return codes;
    }

    public Task EnableAsync(long userId, CancellationToken ct) => database.WriteAsync(
        (db, token) => db.TwoFactors.Where(row => row.UserId == userId)
            .Set(row => row.IsEnabled, true)
            .Set(row => row.UpdatedAt, clock.GetUtcNow())
            .UpdateAsync(token),
        ct);

    /// <summary>Takes the factor and its codes away; false when there was none.</summary>
    public Task<bool> RemoveAsync(long userId, CancellationToken ct) => database.WriteAsync(
        async (db, token) =>
        {
            await db.TwoFactorBackupCodes.Where(row => row.UserId == userId).DeleteAsync(token);
            return await db.TwoFactors.Where(row => row.UserId == userId).DeleteAsync(token) > 0;
        },
        ct);

    /// <summary>Whether the code is right, counting the attempt before it is looked at.</summary>
    public async Task<bool> VerifyAsync(TwoFactorRow row, string? code, bool backupToo, CancellationToken ct)
    {
        var entered = (code ?? "").Replace(" ", "");
        if (!await CountAttemptAsync(row.UserId, ct))
        {
            return false;
        }
        var right = TimeCodes.StepOf(row.Secret, entered, clock.GetUtcNow()) is { } step
            ? await UseStepAsync(row.UserId, step, ct)
            : backupToo && await UseBackupCodeAsync(row.UserId, entered, ct);
        if (right)
        {
            await database.WriteAsync(
                (db, token) => db.TwoFactors.Where(found => found.UserId == row.UserId)
                    .Set(found => found.FailedAttempts, 0)
                    .Set(found => found.LockedUntil, (DateTimeOffset?)null)
                    .UpdateAsync(token),
                ct);
        }
        return right;
    }

    /// <summary>One place in the count of failures, taken in advance; false when the factor is locked.</summary>
    private Task<bool> CountAttemptAsync(long userId, CancellationToken ct) => database.WriteAsync(
        async (db, token) =>
        {
            var now = clock.GetUtcNow();
            var mine = db.TwoFactors.Where(row => row.UserId == userId);
            await mine.Set(row => row.UpdatedAt, now).UpdateAsync(token);
            if (await mine.FirstOrDefaultAsync(token) is not { } row || row.LockedUntil > now)
            {
                return false;
            }
            // A lock that has run out starts the count anew.
            var attempts = row.LockedUntil is null ? row.FailedAttempts + 1 : 1;
            var until = attempts >= MostFailures ? now + LockTime : (DateTimeOffset?)null;
            await mine.Set(found => found.FailedAttempts, attempts).Set(found => found.LockedUntil, until).UpdateAsync(token);
            return true;
        },
        ct);

    /// <summary>A time code counts once: the step must be later than the last one used.</summary>
    private Task<bool> UseStepAsync(long userId, long step, CancellationToken ct) => database.WriteAsync(
        async (db, token) =>
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(step * (long)Step.TotalSeconds);
            var mine = db.TwoFactors.Where(row => row.UserId == userId);
            // Takes the row's lock; the comparison happens here because engines store the time differently.
            await mine.Set(row => row.UpdatedAt, clock.GetUtcNow()).UpdateAsync(token);
            var last = await mine.Select(row => row.LastUsedAt).FirstOrDefaultAsync(token);
            if (last >= time && last < time + Step + Step + Step)
            {
                return false;
            }
            await mine.Set(row => row.LastUsedAt, time).UpdateAsync(token);
            return true;
        },
        ct);

    private async Task<bool> UseBackupCodeAsync(long userId, string entered, CancellationToken ct)
    {
        var letters = entered.Replace("-", "").ToUpperInvariant();
        if (letters.Length != 8)
        {
            return false;
        }
        var code = $"{letters[..4]}-{letters[4..]}";
        await using var db = database.Open();
        var rows = await db.TwoFactorBackupCodes.Where(row => row.UserId == userId && !row.IsUsed && row.DeletedAt == null).ToListAsync(ct);
        foreach (var row in rows)
        {
            if (await passwords.VerifyAsync(code, row.CodeHash, ct))
            {
                var now = clock.GetUtcNow();
                return await database.WriteAsync(
                    (write, token) => write.TwoFactorBackupCodes.Where(found => found.Id == row.Id && !found.IsUsed)
                        .Set(found => found.IsUsed, true)
                        .Set(found => found.UsedAt, now)
                        .UpdateAsync(token),
                    ct) == 1;
            }
        }
        return false;
    }

    private static async Task ReplaceCodesAsync(DataConnection db, long userId, string[] hashes, DateTimeOffset now, CancellationToken ct)
    {
        await db.TwoFactorBackupCodes.Where(row => row.UserId == userId).DeleteAsync(ct);
        foreach (var hash in hashes)
        {
            await db.InsertAsync(new TwoFactorBackupCodeRow { UserId = userId, CodeHash = hash, CreatedAt = now }, token: ct);
        }
    }

    private static string[] NewBackupCodes() =>
    [
        .. Enumerable.Range(0, BackupCodes).Select(_ =>
            $"{RandomNumberGenerator.GetString(BackupAlphabet, 4)}-{RandomNumberGenerator.GetString(BackupAlphabet, 4)}"),
    ];

    private async Task<string[]> HashAsync(string[] codes, CancellationToken ct)
    {
        var hashes = new string[codes.Length];
        for (var i = 0; i < codes.Length; i++)
        {
            hashes[i] = await passwords.HashAsync(codes[i], ct);
        }
        return hashes;
    }
}
