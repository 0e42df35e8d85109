using System.Text.Json;
using NewApi.AdminService.Http;
using NewApi.Domain.Options;
using NewApi.ServiceDefaults;

namespace NewApi.AdminService.Access;

/// <summary>Asks Cloudflare whether a visitor is a person, on the routes that robots like, when an administrator switched it on.</summary>
internal sealed class Turnstile(IHttpClientFactory clients)
{
    public const string Client = "NewApi.Turnstile";

    private static readonly Uri Verify = new("https://challenges.cloudflare.com/turnstile/v0/siteverify");

    public async Task<Answer?> RefuseAsync(HttpContext context, GatewayOptions options)
    {
        if (!options.TurnstileCheckEnabled)
        {
            return null;
        }
        if (context.Request.Text("turnstile") is not { Length: > 0 and <= 2048 } response)
        {
            return Answer.Fail(Say.TurnstileMissing);
        }
        try
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["secret"] = options.TurnstileSecretKey,
                ["response"] = response,
                ["remoteip"] = ClientAddress.Of(context).ToString(),
            });
            using var client = clients.CreateClient(Client);
            using var reply = await client.PostAsync(Verify, form, context.RequestAborted);
            using var json = await JsonDocument.ParseAsync(
                await reply.Content.ReadAsStreamAsync(context.RequestAborted), cancellationToken: context.RequestAborted);
            return json.RootElement.TryGetProperty("success", out var success) && success.ValueKind == JsonValueKind.True
                ? null
                : Answer.Fail(Say.TurnstileFailed);
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException
            || (fault is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            return Answer.Fail(Say.TurnstileFailed);
        }
    }
}
