using System.Text.Json.Nodes;
using NewApi.AdminService.Http;

namespace NewApi.AdminService.Accounts;

/// <summary>Where an account wants to be warned, and what must be there for it (specification: admin API §6).</summary>
internal static class NotificationRules
{
    private static readonly string[] Addresses =
        ["webhook_url", "webhook_secret", "notification_email", "bark_url", "gotify_url", "gotify_token"];

    private const int AddressLimit = 2_048;
    private const int WordLimit = 255;

    public static Text? Mistake(SettingRequest request)
    {
        if (request is { WebhookUrl.Length: > AddressLimit } or { BarkUrl.Length: > AddressLimit } or { GotifyUrl.Length: > AddressLimit }
            or { WebhookSecret.Length: > WordLimit } or { GotifyToken.Length: > WordLimit } or { NotificationEmail.Length: > WordLimit })
        {
            return Say.NotifyLength;
        }
        if (request.NotifyType is not ("email" or "webhook" or "bark" or "gotify"))
        {
            return Say.NotifyType;
        }
        if (request.QuotaWarningThreshold is not > 0 or double.PositiveInfinity)
        {
            return Say.NotifyThreshold;
        }
        return request.NotifyType switch
        {
            "webhook" when !IsUrl(request.WebhookUrl) => Say.NotifyUrl,
            "bark" when !IsUrl(request.BarkUrl) => Say.NotifyUrl,
            "gotify" when !IsUrl(request.GotifyUrl) => Say.NotifyUrl,
            "gotify" when string.IsNullOrEmpty(request.GotifyToken) => Say.NotifyToken,
            "email" when request.NotificationEmail is { Length: > 0 } email && !email.Contains('@') => Say.NotifyEmail,
            _ => null,
        };
    }

    /// <summary>Replaces the notification members; console, language and billing preference stay as they are.</summary>
    public static void Apply(SettingRequest request, JsonObject setting)
    {
        foreach (var name in Addresses)
        {
            setting.Remove(name);
        }
        setting["notify_type"] = request.NotifyType;
        setting["quota_warning_threshold"] = request.QuotaWarningThreshold;
        setting["accept_unset_model_ratio_model"] = request.AcceptUnsetModelRatioModel;
        setting["record_ip_log"] = request.RecordIpLog;
        setting["gotify_priority"] = request.GotifyPriority is >= 0 and <= 10 ? request.GotifyPriority : 5;
        switch (request.NotifyType)
        {
            case "webhook":
                setting["webhook_url"] = request.WebhookUrl;
                Keep("webhook_secret", request.WebhookSecret);
                break;
            case "bark":
                setting["bark_url"] = request.BarkUrl;
                break;
            case "gotify":
                setting["gotify_url"] = request.GotifyUrl;
                setting["gotify_token"] = request.GotifyToken;
                break;
            default:
                Keep("notification_email", request.NotificationEmail);
                break;
        }

        void Keep(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                setting[name] = value;
            }
        }
    }

    private static bool IsUrl(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https");
}
