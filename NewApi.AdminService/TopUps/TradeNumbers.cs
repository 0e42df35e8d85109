using System.Security.Cryptography;
using NewApi.AdminService.Access;

namespace NewApi.AdminService.TopUps;

/// <summary>Numbers of orders, in the forms that operators know from their providers' lists (specification: data model §6).</summary>
internal static class TradeNumbers
{
    public static string Epay(long userId, TimeProvider clock) =>
        $"USR{userId}NO{Credentials.Alphanumeric(6)}{clock.GetUtcNow().ToUnixTimeSeconds()}";

    public static string Plan(long userId, TimeProvider clock) => "SUB" + Epay(userId, clock);

    /// <summary>For providers that show it to nobody.</summary>
    public static string Reference() => "ref_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
}
