using System.Text;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Setup;

/// <summary>The first start: creates the root account and marks the installation as set up, exactly once.</summary>
internal static class SetupEndpoints
{
    /// <summary>The one id of the one row, so that two set-ups at the same moment collide on its key.</summary>
    private const long OnlyRow = 1;

    private const long RootQuota = 100_000_000;

    public static void MapSetup(this IEndpointRouteBuilder routes)
    {
        var setup = routes.MapGroup("/setup").WithTags("Setup");
        setup.MapGet("", Get).WithSummary("Whether the installation is set up");
        setup.MapPost("", Post).Limit(LimitKind.Critical).WithSummary("Create the root account and finish set-up");
    }

    internal static async Task<IResult> Get(SetupState state, Database database, CancellationToken ct)
    {
        if (await state.IsDoneAsync(ct))
        {
            return Answer.Ok(new SetupView(true, false, ""));
        }
        await using var db = database.Open();
        var rootExists = await db.Users.AnyAsync(user => user.Role == Roles.Root, ct);
        return Answer.Ok(new SetupView(false, rootExists, database.Kind switch
        {
            DatabaseKind.MySql => "mysql",
            DatabaseKind.Postgres => "postgres",
            _ => "sqlite",
        }));
    }

    internal static async Task<IResult> Post(
        HttpContext context,
        SetupState state,
        Database database,
        IChangeSignal changes,
        Passwords passwords,
        AdminOptions options,
        TimeProvider clock,
        ILogger<AdminModule.Log> log,
        CancellationToken ct)
    {
        if (await state.IsDoneAsync(ct))
        {
            return Refuse(Say.AlreadySetUp);
        }
        if (await context.ReadAsync<SetupRequest>() is not { } request)
        {
            return Refuse(Say.BadBody);
        }

        await using (var db = database.Open())
        {
            if (!await db.Users.AnyAsync(user => user.Role == Roles.Root, ct) && Mistake(request) is { } mistake)
            {
                return Refuse(mistake);
            }
        }
        var hash = request.Password is { Length: > 0 } password ? await passwords.HashAsync(password, ct) : "";
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        long? rootId;
        try
        {
            rootId = await database.WriteAsync<long?>(
                async (db, token) =>
                {
                    if (await db.Setups.AnyAsync(token))
                    {
                        return null;
                    }
                    // First, so that whoever comes second waits here for the end of our transaction and then fails.
                    await db.Setups
                        .Value(row => row.Id, OnlyRow)
                        .Value(row => row.Version, options.Version)
                        .Value(row => row.InitializedAt, now)
                        .InsertAsync(token);
                    await OptionWrites.StoreAsync(db, "SelfUseModeEnabled", request.SelfUseModeEnabled ? "true" : "false", token);
                    await OptionWrites.StoreAsync(db, "DemoSiteEnabled", request.DemoSiteEnabled ? "true" : "false", token);
                    if (await db.Users.AnyAsync(user => user.Role == Roles.Root, token))
                    {
                        return 0;
                    }
                    var root = new UserRow
                    {
                        Username = request.Username!,
                        Password = hash,
                        DisplayName = "Root User",
                        Role = Roles.Root,
                        Quota = RootQuota,
                        AffCode = Credentials.InvitationCode(),
                        CreatedAt = now,
                    };
                    var id = await db.InsertWithInt64IdentityAsync(root, token: token);
                    await LedgerEntries.OpenAsync(db, id, RootQuota, now, token);
                    return id;
                },
                ct);
        }
        catch (Exception fault) when (Database.IsDuplicate(fault))
        {
            return Refuse(Say.AlreadySetUp);
        }
        if (rootId is not { } created)
        {
            return Refuse(Say.AlreadySetUp);
        }
        await changes.PublishAsync(ChangeTopic.Options, null, CancellationToken.None);
        await changes.PublishAsync(ChangeTopic.Users, created > 0 ? created.ToString() : null, CancellationToken.None);
        log.SetUp(created);
        return Answer.Ok();
    }

    private static Text? Mistake(SetupRequest request) => request switch
    {
        { Username: null or "" } => Say.UserNameMissing,
        { Username: { } name } when Encoding.UTF8.GetByteCount(name) > 12 => Say.RootNameTooLong,
        _ when request.Password != request.ConfirmPassword => Say.PasswordsDiffer,
        { Password: null or { Length: < 8 } } => Say.PasswordTooShort,
        _ => null,
    };

    private static Answer Refuse(Text message) => Answer.Fail(message, StatusCodes.Status400BadRequest);
}
