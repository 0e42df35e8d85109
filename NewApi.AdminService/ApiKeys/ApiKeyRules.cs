using System.Net;
using System.Text;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Domain;
using NewApi.Domain.Groups;
using NewApi.Domain.Options;

namespace NewApi.AdminService.ApiKeys;

/// <summary>What a relay key may look like (specification: admin API §9).</summary>
internal static class ApiKeyRules
{
    public const long Enabled = 1;
    public const long Disabled = 2;
    public const long Expired = 3;
    public const long Exhausted = 4;

    private const int NameBytes = 50;
    private const int LimitsLength = 1024;
    private const int AddressesLength = 8_192;
    private const decimal MostUnits = 1_000_000_000m;

    /// <param name="keptGroup">The group the key has already: saving it again is no new grant.</param>
    public static Text? Mistake(ApiKeyRequest request, OptionSnapshot options, string userGroup, string keptGroup = "")
    {
        if (Encoding.UTF8.GetByteCount(request.Name ?? "") > NameBytes)
        {
            return Say.TokenNameTooLong;
        }
        // A key without a limit counts down from whatever it had, and front ends send that back when they save it.
        var least = request.UnlimitedQuota ? -Quota.Most : 0;
        var most = request.UnlimitedQuota ? Quota.Most : Math.Min(Quota.Most, MostUnits * options.Options.QuotaPerUnit);
        if (request.RemainQuota < least || request.RemainQuota > most)
        {
            return Say.TokenQuotaRange;
        }
        if (request.ModelLimits is { Length: > LimitsLength })
        {
            return Say.TokenLimitsTooLong;
        }
        if (request.AllowIps is { Length: > AddressesLength })
        {
            return Say.TokenIpsTooLong;
        }
        if (!AreAddresses(request.AllowIps))
        {
            return Say.TokenIps;
        }
        // Checked again whenever the key is used: groups come and go (known problem G4).
        return string.IsNullOrEmpty(request.Group)
            || request.Group == GroupRules.Auto
            || request.Group == keptGroup
            || options.Groups.CanUse(userGroup, request.Group)
            ? null
            : Say.GroupNotAllowed;
    }

    private static bool AreAddresses(string? list)
    {
        foreach (var line in (list ?? "").Split(['\n', '\r', ',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!IPAddress.TryParse(line, out _) && !IPNetwork.TryParse(line, out _) && !IsLooseNetwork(line))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>A range whose base address has host bits, such as <c>10.1.2.3/8</c>.</summary>
    private static bool IsLooseNetwork(string line) =>
        line.Split('/') is [var address, var length] && IPAddress.TryParse(address, out var parsed) && int.TryParse(length, out var bits)
        && bits >= 0 && bits <= parsed.GetAddressBytes().Length * 8;
}
