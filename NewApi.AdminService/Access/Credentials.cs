using System.Security.Cryptography;
using System.Text;

namespace NewApi.AdminService.Access;

/// <summary>The random texts we hand out (specification: data model §6).</summary>
internal static class Credentials
{
    private const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>48 characters, without the <c>sk-</c> that users see.</summary>
    public static string RelayKey() => Alphanumeric(48);

    /// <summary>32 characters of Base64.</summary>
    public static string AccessToken() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));

    public static string InvitationCode() => Alphanumeric(4);

    public static string Alphanumeric(int length) => RandomNumberGenerator.GetString(Letters, length);

    /// <summary>32 lower-case hexadecimal characters.</summary>
    public static string RedemptionCode() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public static bool Equal(string? left, string right) =>
        left is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));
}
