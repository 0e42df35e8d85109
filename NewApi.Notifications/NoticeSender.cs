using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using NewApi.Data.Options;
using NewApi.Data.Rows;
using NewApi.Domain.Options;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.Notifications;

/// <summary>
/// Sends a notice the way its account asked for. Addresses that users chose go through the guarded client, under the operator's rules.
/// </summary>
public sealed class NoticeSender(EgressClient egress, TimeProvider clock)
{
    private static readonly EgressLimits Limits = new(64 * 1024, TimeSpan.FromSeconds(15));

    /// <exception cref="NoticeFailedException">It did not arrive; another try may mend it.</exception>
    public async Task SendAsync(NoticeRow notice, UserRow user, GatewayOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(notice);
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(options);
        var setting = NotifySetting.Parse(user.Setting);
        if (setting.Type == NotifySetting.Mail)
        {
            var to = setting.Email.Length > 0 ? setting.Email : user.Email;
            if (to.Length == 0)
            {
                throw new NoticeFailedException("The account has no mail address.");
            }
            await Mailer.SendAsync(options, to, notice.Title, notice.Content, cancel);
            return;
        }
        using var request = setting.Type switch
        {
            NotifySetting.Webhook => Webhook(notice, setting),
            NotifySetting.Bark => Bark(notice, setting),
            NotifySetting.Gotify => Gotify(notice, setting),
            _ => throw new NoticeFailedException("The account has no way to be told."),
        };
        try
        {
            var reply = await egress.ReadAsync(request, options.Fetch.Rules(), Limits, cancel);
            if (!reply.IsSuccess)
            {
                throw new NoticeFailedException($"The receiver answered {reply.Status}.");
            }
        }
        catch (EgressRefusedException fault)
        {
            throw new NoticeFailedException(fault.Message, fault);
        }
        catch (Exception fault) when (fault is HttpRequestException or TimeoutException)
        {
            throw new NoticeFailedException($"The receiver could not be reached ({fault.GetType().Name}).", fault);
        }
    }

    /// <summary>The signature covers the body as it is sent, so receivers can tell it from anybody else's.</summary>
    private HttpRequestMessage Webhook(NoticeRow notice, NotifySetting setting)
    {
        var body = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["type"] = notice.Kind,
            ["title"] = notice.Title,
            ["content"] = notice.Content,
            ["values"] = new JsonArray(),
            ["timestamp"] = clock.GetUtcNow().ToUnixTimeSeconds(),
        }.ToJsonString());
        var request = new HttpRequestMessage(HttpMethod.Post, Address(setting.WebhookUrl)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new(MediaTypeNames.Application.Json);
        if (setting.WebhookSecret.Length > 0)
        {
            request.Headers.Add(
                "X-Webhook-Signature", Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(setting.WebhookSecret), body)));
        }
        return request;
    }

    /// <summary>The account's address has places for the texts; Bark takes them from the path or the query.</summary>
    private static HttpRequestMessage Bark(NoticeRow notice, NotifySetting setting) => new(
        HttpMethod.Get,
        Address(setting.BarkUrl
            .Replace("{{title}}", Uri.EscapeDataString(notice.Title), StringComparison.Ordinal)
            .Replace("{{content}}", Uri.EscapeDataString(notice.Content), StringComparison.Ordinal)));

    private static HttpRequestMessage Gotify(NoticeRow notice, NotifySetting setting)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Address(setting.GotifyUrl.TrimEnd('/') + "/message"))
        {
            Content = new StringContent(
                new JsonObject { ["title"] = notice.Title, ["message"] = notice.Content, ["priority"] = setting.GotifyPriority }.ToJsonString(),
                Encoding.UTF8,
                MediaTypeNames.Application.Json),
        };
        request.Headers.TryAddWithoutValidation("X-Gotify-Key", setting.GotifyToken);
        return request;
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : throw new NoticeFailedException("The address of the account's notices cannot be read.");
}
