using System.Text.Json.Nodes;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Accounts;

/// <summary>What names and passwords may look like, and what a new account starts with (specification: admin API §5.1).</summary>
internal static class AccountRules
{
    public const int NameLimit = 20;
    public const int EmailLimit = 50;
    public const int RemarkLimit = 255;

    public static Text? Name(string? name) => name is { Length: > 0 and <= NameLimit } && !string.IsNullOrWhiteSpace(name) ? null : Say.UserNameLength;

    public static Text? Password(string? password) => password is { Length: >= 8 and <= 20 } ? null : Say.PasswordLength;

    public static Text? DisplayName(string? name) => name is null or { Length: <= NameLimit } ? null : Say.DisplayNameLength;

    /// <summary>Names, and e-mails when one is given, stay taken after a soft delete.</summary>
    public static Task<bool> IsTakenAsync(DataConnection db, string username, string? email, CancellationToken ct) =>
        string.IsNullOrEmpty(email)
            ? db.Users.AnyAsync(row => row.Username == username, ct)
            : db.Users.AnyAsync(row => row.Username == username || row.Email == email, ct);

    /// <summary>The setting of a new account: which areas of the console its role sees.</summary>
    public static string FirstSetting(long role)
    {
        var areas = new JsonObject
        {
            ["chat"] = On("playground", "chat"),
            ["console"] = On("detail", "token", "log", "midjourney", "task"),
            ["personal"] = On("topup", "personal"),
        };
        if (role >= Roles.Admin)
        {
            var admin = On("channel", "models", "redemption", "user", "setting");
            admin["setting"] = role >= Roles.Root;
            areas["admin"] = admin;
        }
        return new JsonObject { ["gotify_priority"] = 0, ["sidebar_modules"] = areas.ToJsonString() }.ToJsonString();

        static JsonObject On(params ReadOnlySpan<string> names)
        {
            var area = new JsonObject { ["enabled"] = true };
            foreach (var name in names)
            {
                area[name] = true;
            }
            return area;
        }
    }
}
