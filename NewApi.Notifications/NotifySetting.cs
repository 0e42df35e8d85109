using System.Text.Json;

namespace NewApi.Notifications;

/// <summary>Where an account wants to be told things (specification: data model §4.1).</summary>
public sealed record NotifySetting
{
    public const string Mail = "email";
    public const string Webhook = "webhook";
    public const string Bark = "bark";
    public const string Gotify = "gotify";

    public string Type { get; private init; } = Mail;

    /// <summary>Points below which the account wants to know; 0 when it left that to the operator.</summary>
    public decimal Threshold { get; private init; }

    public string WebhookUrl { get; private init; } = "";

    public string WebhookSecret { get; private init; } = "";

    public string Email { get; private init; } = "";

    public string BarkUrl { get; private init; } = "";

    public string GotifyUrl { get; private init; } = "";

    public string GotifyToken { get; private init; } = "";

    public int GotifyPriority { get; private init; } = 5;

    /// <summary>What is missing, or cannot be read, is as if nobody had set it.</summary>
    public static NotifySetting Parse(string? setting)
    {
        if (string.IsNullOrWhiteSpace(setting))
        {
            return new NotifySetting();
        }
        try
        {
            using var json = JsonDocument.Parse(setting);
            return json.RootElement.ValueKind == JsonValueKind.Object ? Read(json.RootElement) : new NotifySetting();
        }
        catch (JsonException)
        {
            return new NotifySetting();
        }
    }

    private static NotifySetting Read(JsonElement json)
    {
        return new NotifySetting
        {
            Type = Text("notify_type") is { Length: > 0 } type ? type : Mail,
            Threshold = Number("quota_warning_threshold") is { } threshold and > 0 ? threshold : 0,
            WebhookUrl = Text("webhook_url"),
            WebhookSecret = Text("webhook_secret"),
            Email = Text("notification_email"),
            BarkUrl = Text("bark_url"),
            GotifyUrl = Text("gotify_url"),
            GotifyToken = Text("gotify_token"),
            GotifyPriority = Number("gotify_priority") is { } priority and >= 0 and <= 10 ? (int)priority : 5,
        };

        string Text(string name) =>
            json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

        decimal? Number(string name) =>
            json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) ? number : null;
    }
}
