using System.Globalization;
using NewApi.Data.Callers;
using NewApi.Data.Sessions;
using NewApi.Domain;

namespace NewApi.RelayService.Authentication;

/// <summary>
/// Callers by the console's session cookie (specification: relay §1.2, admin API §2.2). Read anew each time: people type, and what was
/// disabled is so at once. As in the management API, a request must also name its user in a header, which no page of another site can add;
/// but what only reads may do without, since a player of films can add none either, and other sites cannot read the answer.
/// </summary>
internal sealed class SessionCallers(SessionSeal seal, CallerStore store)
{
    private const string UserHeader = "New-Api-User";
    private const string Playground = "playground";

    /// <summary>A request without a key that carries a session.</summary>
    public static bool IsPresented(HttpRequest request) =>
        request.Headers.Authorization.Count == 0 && request.Cookies.ContainsKey(SessionSeal.Cookie);

    public async Task<(Caller? Caller, RelayFault? Fault)> FindAsync(HttpContext http)
    {
        var cancel = http.RequestAborted;
        if (await seal.OpenAsync(http.Request.Cookies[SessionSeal.Cookie], cancel) is not { UserId: > 0 } session
            || await store.FindAccountAsync(session.UserId, session.AuthVersion, cancel) is not { } account)
        {
            return Refuse(401, "Log in to the console first: this address takes its session, no key.");
        }
        var named = http.Request.Headers[UserHeader].ToString();
        if (!(named.Length == 0 && HttpMethods.IsGet(http.Request.Method))
            && (!long.TryParse(named, NumberStyles.None, CultureInfo.InvariantCulture, out var claimed) || claimed != account.User.Id))
        {
            return Refuse(401, "The New-Api-User header must name the user who is logged in.");
        }
        return account.User.Status == 1 ? (Make(account), null) : Refuse(403, "This account is disabled.");
    }

    private static (Caller?, RelayFault) Refuse(int status, string message) => (null, new RelayFault(status, "", message) { Final = true });

    private static Caller Make(AccountRows rows)
    {
        var user = rows.User;
        var (acceptsUnpriced, recordsAddress) = CallerDirectory.ReadSetting(user.Setting);
        return new Caller
        {
            UserId = user.Id,
            Username = user.Username,
            UserGroup = user.Group.Length == 0 ? "default" : user.Group,
            UserEnabled = true,
            Role = user.Role,
            TokenId = 0,
            TokenName = Playground,
            TokenStatus = 1,
            ExpiresAt = -1,
            Unlimited = true,
            RemainQuota = 0,
            TokenGroup = "",
            CrossGroupRetry = false,
            Models = null,
            Networks = null,
            AcceptsUnpriced = acceptsUnpriced,
            RecordsAddress = recordsAddress,
            Payer = new Settlement.Payer(user.Id, 0, rows.Funding, rows.Budgets),
            Digest = default,
            ReadAt = 0,
        };
    }
}
