using System.Text.Json;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Access;

/// <summary>Who calls a management route, as the account's row says right now. A handler asks for it as a parameter.</summary>
internal sealed record AdminCaller(UserRow User)
{
    public long Id => User.Id;

    public long Role => User.Role;

    public string Username => User.Username;

    /// <summary>Language chosen in the account's settings, or null.</summary>
    public string? Language { get; } = UserSetting.Parse(User.Setting)["language"] is { } value && value.GetValueKind() == JsonValueKind.String
        ? value.GetValue<string>()
        : null;

    /// <summary>May act on an account of that role: only from above, except root, who may act on anyone.</summary>
    public bool Outranks(long role) => Role > role || Role == Roles.Root;

    public static ValueTask<AdminCaller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<AdminCaller>());
}

/// <summary>Levels of accounts; a route of level <i>n</i> admits every role of at least <i>n</i>.</summary>
internal static class Roles
{
    public const long Common = 1;
    public const long Admin = 10;
    public const long Root = 100;

    public static bool IsKnown(long role) => role is 0 or Common or Admin or Root;
}
