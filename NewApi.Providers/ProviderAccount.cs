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
    private const string CloudflareGateway = "https://gateway.ai.cloudflare.com";

    private readonly FrozenDictionary<Dialect, Uri> _fixedAddresses;
    private readonly bool _behindGateway;

    /// <param name="profile">The provider.</param>
    /// <param name="baseUrl">The channel's own address; empty for the provider's.</param>
    /// <param name="other">The row's <c>other</c>: an API version, a region, an account id, as the provider has it.</param>
    /// <param name="organization">OpenAI organization, if any.</param>
    /// <param name="settings">The row's <c>settings</c> object; default for none.</param>
    /// <param name="created">When the channel was made, in seconds since 1970; 0 when that is not known.</param>
    public ProviderAccount(
        ProviderProfile profile, string? baseUrl, string? other, string? organization, JsonElement settings = default, long created = 0)
    {
        ArgumentNullException.ThrowIfNull(profile);
        Profile = profile;
        BaseUrl = (string.IsNullOrWhiteSpace(baseUrl) ? profile.BaseUrl ?? "" : baseUrl.Trim()).TrimEnd('/');
        Other = other ?? "";
        Organization = string.IsNullOrEmpty(organization) ? null : organization;
        Settings = settings;
        Created = DateTimeOffset.FromUnixTimeSeconds(created);
        Special = profile.SpecialBases.FirstOrDefault(special => special.Name == BaseUrl);
        _behindGateway = profile.GatewayPrefix is not null && BaseUrl.StartsWith(CloudflareGateway, StringComparison.OrdinalIgnoreCase);
        _fixedAddresses = FixedAddresses();
    }

    public ProviderProfile Profile { get; }

    /// <summary>Without a slash at its end.</summary>
    public string BaseUrl { get; }

    public string Other { get; }

    public string? Organization { get; }

    /// <summary>The row's <c>settings</c>: an object, or undefined. It must outlive the account: clone it.</summary>
    public JsonElement Settings { get; }

    public DateTimeOffset Created { get; }

    /// <summary>The plan that the channel names in place of a base URL, if any.</summary>
    public SpecialBase? Special { get; }

    /// <summary>The address can be called.</summary>
    public bool IsUsable =>
        Special is not null
        || Profile.Adapter is { NeedsAddress: false }
        || (Uri.TryCreate(BaseUrl.Replace("{model}", "model", StringComparison.Ordinal), UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https");

    /// <summary>Where the upstream lists its models; null when there is no address to ask at.</summary>
    public Uri? ModelList =>
        Uri.TryCreate(Special is null ? BaseUrl + Behind(Profile.ModelsPath) : Special.OpenAI + "/models", UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
            ? address
            : null;

    /// <summary>The upstream takes this dialect for this model as it is.</summary>
    public bool Speaks(Dialect dialect, string model) =>
        Special is not null ? Special.AddressOf(dialect) is not null
        : Profile.Adapter is { } adapter ? adapter.Speaks(this, dialect, model)
        : Profile.Speaks(dialect);

    /// <summary>Where a request goes, by the rows of the profile.</summary>
    public Uri AddressOf(UpstreamMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (Special is null && Profile.Route?.Invoke(message) is { } route)
        {
            return route.StartsWith('/') ? new Uri(BaseUrl + Behind(route)) : new Uri(route);
        }
        if (_fixedAddresses.TryGetValue(message.Dialect, out var address))
        {
            return address;
        }
        if (Profile.WholeAddress)
        {
            return new Uri(BaseUrl.Replace("{model}", Uri.EscapeDataString(message.Model), StringComparison.Ordinal));
        }
        var path = Profile.Paths[message.Dialect]
            .Replace("{version}", Other.Length == 0 ? Profile.DefaultVersion : Other, StringComparison.Ordinal)
            .Replace("{model}", Uri.EscapeDataString(message.Model), StringComparison.Ordinal)
            .Replace("{action}", Uri.EscapeDataString(message.Action ?? ""), StringComparison.Ordinal);
        return new Uri(BaseUrl + Behind(path));
    }

    /// <summary>The body as the provider wants it; null when nothing about it has to change.</summary>
    /// <param name="dialect">What it is written in.</param>
    /// <param name="model">The upstream's name of the model.</param>
    /// <param name="body">JSON; it must outlive the draft.</param>
    /// <param name="wholeNames">Models whose name only looks as if it bore a suffix.</param>
    public RequestDraft? Draft(Dialect dialect, string model, ReadOnlyMemory<byte> body, IReadOnlySet<string>? wholeNames = null)
    {
        RequestDraft? draft = null;
        foreach (var rule in Profile.Rules)
        {
            var name = draft?.Model ?? model;
            if (rule.Concerns(dialect, name) && !(rule.IsSuffix && wholeNames?.Contains(name) == true))
            {
                draft ??= new RequestDraft(this, dialect, model, body);
                rule.Apply(draft);
            }
        }
        return draft is { Changed: true } || (draft is not null && draft.Model != model) ? draft : null;
    }

    /// <summary>A flag of the row's settings.</summary>
    public bool Flag(string name) =>
        Settings.ValueKind == JsonValueKind.Object && Settings.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>A text of the row's settings; null when it is absent or empty.</summary>
    public string? Setting(string name) =>
        Settings.ValueKind == JsonValueKind.Object && Settings.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>An address below the channel's own.</summary>
    public Uri At(string path) => new(BaseUrl + Behind(path));

    private string Behind(string path) =>
        _behindGateway && path.StartsWith(Profile.GatewayPrefix!, StringComparison.Ordinal) ? path[Profile.GatewayPrefix!.Length..] : path;

    private FrozenDictionary<Dialect, Uri> FixedAddresses()
    {
        var addresses = new Dictionary<Dialect, Uri>();
        foreach (var (dialect, path) in Profile.WholeAddress ? FrozenDictionary<Dialect, string>.Empty : Profile.Paths)
        {
            var address = Special is null ? BaseUrl + Behind(path) : Special.AddressOf(dialect);
            if (address is not null && !address.Contains('{', StringComparison.Ordinal) && Uri.TryCreate(address, UriKind.Absolute, out var uri))
            {
                addresses[dialect] = uri;
            }
        }
        if (Special?.AddressOf(Dialect.AnthropicMessages) is { } messages)
        {
            addresses[Dialect.AnthropicMessages] = new Uri(messages);
        }
        return addresses.ToFrozenDictionary();
    }
}
