using System.Collections.Frozen;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Providers;

/// <summary>
/// An account with a provider, as far as addresses and credentials need to know it: what a channel's row says, without its keys. Immutable;
/// a channel has one, and a channel test makes one.
/// </summary>
public sealed class ProviderAccount
{
    private readonly FrozenDictionary<Dialect, Uri> _fixedAddresses;

    /// <param name="profile">The provider.</param>
    /// <param name="baseUrl">The channel's own address; empty for the provider's.</param>
    /// <param name="other">The row's <c>other</c>: an API version, a region, an account id, as the provider has it.</param>
    /// <param name="organization">OpenAI organization, if any.</param>
    /// <param name="settings">The row's <c>settings</c> object; default for none.</param>
    public ProviderAccount(ProviderProfile profile, string? baseUrl, string? other, string? organization, JsonElement settings = default)
    {
        ArgumentNullException.ThrowIfNull(profile);
        Profile = profile;
        BaseUrl = (string.IsNullOrWhiteSpace(baseUrl) ? profile.BaseUrl ?? "" : baseUrl.Trim()).TrimEnd('/');
        Other = other ?? "";
        Organization = string.IsNullOrEmpty(organization) ? null : organization;
        Settings = settings;
        _fixedAddresses = FixedAddresses();
    }

    public ProviderProfile Profile { get; }

    /// <summary>Without a slash at its end.</summary>
    public string BaseUrl { get; }

    public string Other { get; }

    public string? Organization { get; }

    /// <summary>The row's <c>settings</c>: an object, or undefined. It must outlive the account: clone it.</summary>
    public JsonElement Settings { get; }

    /// <summary>The address can be called.</summary>
    public bool IsUsable =>
        Profile.Adapter is { NeedsAddress: false }
        || (Uri.TryCreate(BaseUrl.Replace("{model}", "model", StringComparison.Ordinal), UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https");

    /// <summary>Where a request of this dialect goes, by the rows of the profile.</summary>
    public Uri AddressOf(Dialect dialect, string model, string? action)
    {
        if (_fixedAddresses.TryGetValue(dialect, out var address))
        {
            return address;
        }
        if (Profile.WholeAddress)
        {
            return new Uri(BaseUrl.Replace("{model}", Uri.EscapeDataString(model), StringComparison.Ordinal));
        }
        var path = Profile.Paths[dialect]
            .Replace("{version}", Other.Length == 0 ? Profile.DefaultVersion : Other, StringComparison.Ordinal)
            .Replace("{model}", Uri.EscapeDataString(model), StringComparison.Ordinal)
            .Replace("{action}", action, StringComparison.Ordinal);
        return new Uri(BaseUrl + path);
    }

    private FrozenDictionary<Dialect, Uri> FixedAddresses()
    {
        var addresses = new Dictionary<Dialect, Uri>();
        if (!Profile.WholeAddress)
        {
            foreach (var (dialect, path) in Profile.Paths)
            {
                if (!path.Contains('{', StringComparison.Ordinal) && Uri.TryCreate(BaseUrl + path, UriKind.Absolute, out var address))
                {
                    addresses[dialect] = address;
                }
            }
        }
        return addresses.ToFrozenDictionary();
    }
}
