using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Vertex;

/// <summary>A service account of Google's cloud, from the JSON file that its console gives out.</summary>
internal sealed class ServiceAccount
{
    private const string TokenAddress = "https://oauth2.googleapis.com/token";
    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";

    private static readonly TokenCache Tokens = new();
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(35);

    private readonly string _email;
    private readonly string _privateKey;
    private readonly string? _keyId;

    private ServiceAccount(string project, string email, string privateKey, string? keyId)
    {
        Project = project;
        _email = email;
        _privateKey = privateKey;
        _keyId = keyId;
    }

    public string Project { get; }

    /// <exception cref="ProviderException">The key is no such file.</exception>
    public static ServiceAccount Parse(string key)
    {
        try
        {
            var json = JsonElement.Parse(key);
            if (json.Word("project_id"u8) is { } project && json.Word("client_email"u8) is { } email && json.Word("private_key"u8) is { } secret)
            {
                return new ServiceAccount(project, email, secret, json.Word("private_key_id"u8));
            }
        }
        catch (JsonException)
        {
            // The refusal below says what it must be, and nothing of what it is.
        }
        throw new ProviderException("channel:invalid_key", "The channel's key must be the JSON of a service account.");
    }

    public Task<string> TokenAsync(HttpMessageInvoker http, TimeProvider clock, CancellationToken cancel) =>
        Tokens.GetAsync(_email + _privateKey, () => ExchangeAsync(http, clock), clock, cancel);

    /// <summary>The signed claim that is exchanged for a token.</summary>
    public string Claim(TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        var header = new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT" };
        if (_keyId is not null)
        {
            header["kid"] = _keyId;
        }
        var claims = new JsonObject
        {
            ["iss"] = _email,
            ["scope"] = Scope,
            ["aud"] = TokenAddress,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
        };
        using var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(_privateKey);
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            throw new ProviderException("channel:invalid_key", "The private key of the channel's service account cannot be read.");
        }
        return Jwt.Make(header, claims, content => rsa.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private async Task<Token> ExchangeAsync(HttpMessageInvoker http, TimeProvider clock)
    {
        var form = $"grant_type={Uri.EscapeDataString("urn:ietf:params:oauth:grant-type:jwt-bearer")}&assertion={Claim(clock)}";
        using var content = new StringContent(form);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        using var request = UpstreamRequests.Post(new Uri(TokenAddress), content);
        using var response = await http.SendAsync(request, CancellationToken.None);
        var answer = response.IsSuccessStatusCode ? await Answer.ReadJsonAsync(response, CancellationToken.None) : default;
        return answer.Word("access_token"u8) is { } token
            ? new Token(token, clock.GetUtcNow().AddSeconds(OwnUsage.Count(answer, "expires_in"u8) ?? 1800))
            : throw new ProviderException("channel:invalid_key", "Google gave no token for the channel's service account.");
    }
}
