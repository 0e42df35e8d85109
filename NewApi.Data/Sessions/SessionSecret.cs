using System.Security.Cryptography;
using System.Text;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.Data.Sessions;

/// <summary>
/// Where session keys come from: <c>SESSION_SECRET</c>, else a random secret that the first process stores in the database, so that
/// restarts and further nodes on the same database share it (known problem F1).
/// </summary>
/// <param name="configured">What the operator has set, or null.</param>
/// <param name="database">Where a secret is kept that nobody has set.</param>
public sealed class SessionSecret(string? configured, Database database)
{
    private const string MetaName = "session_secret";
    private volatile byte[]? _sessionKey;

    public async ValueTask<byte[]> SessionKeyAsync(CancellationToken ct)
    {
        if (_sessionKey is { } known)
        {
            return known;
        }
        var secret = configured ?? await StoredAsync(ct);
        var key = HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "newapi session cookie v1"u8.ToArray());
        return _sessionKey = key;
    }

    private async Task<string> StoredAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is { } stored)
        {
            return stored;
        }
        var fresh = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        try
        {
            await database.WriteAsync((db, token) => db.InsertAsync(new MetaRow { Name = MetaName, Value = fresh }, token: token), ct);
            return fresh;
        }
        catch (System.Data.Common.DbException)
        {
            // Another process was first: its row is the secret of all of us.
            return await FindAsync(ct) ?? throw new InvalidOperationException("The session secret could neither be read nor stored.");
        }
    }

    private async Task<string?> FindAsync(CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.Meta.Where(row => row.Name == MetaName).Select(row => row.Value).FirstOrDefaultAsync(ct);
    }
}
