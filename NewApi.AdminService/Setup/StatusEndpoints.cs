using System.Text.Json;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Setup;

/// <summary>What front ends and health checks read before anybody logs in (specification: configuration §8).</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        var status = routes.MapGroup("").WithTags("Status");
        status.MapGet("/status", Get).WithSummary("Version and public settings; the container health check");
        status.MapGet("/status/test", Test).RequireRole(Roles.Admin).WithSummary("Whether the database answers");
        status.MapGet("/notice", (LiveOptions options, CancellationToken ct) => Text(options, static all => all.Notice, ct));
        status.MapGet("/about", (LiveOptions options, CancellationToken ct) => Text(options, static all => all.About, ct));
        status.MapGet("/home_page_content", (LiveOptions options, CancellationToken ct) => Text(options, static all => all.HomePageContent, ct));
        status.MapGet("/user-agreement", (LiveOptions options, CancellationToken ct) => Text(options, static all => all.Legal.UserAgreement, ct));
        status.MapGet("/privacy-policy", (LiveOptions options, CancellationToken ct) => Text(options, static all => all.Legal.PrivacyPolicy, ct));
    }

    internal static async Task<IResult> Get(
        LiveOptions live, SetupState setup, AdminOptions admin, StartTime start, CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        var done = await setup.IsDoneAsync(ct);
        return Answer.Ok(writer => Write(writer, options, admin, done, start.UnixSeconds));
    }

    internal static async Task<IResult> Test(Database database, CancellationToken ct)
    {
        try
        {
            await using var db = database.Open();
            await db.Setups.AnyAsync(ct);
        }
        catch (Exception fault) when (fault is System.Data.Common.DbException or InvalidOperationException or TimeoutException)
        {
            return Answer.Fail(Say.Failed, StatusCodes.Status503ServiceUnavailable);
        }
        return Answer.Ok().With("http_stats", writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("active_connections"u8, 0);
            writer.WriteEndObject();
        });
    }

    private static async Task<IResult> Text(LiveOptions options, Func<GatewayOptions, string> pick, CancellationToken ct) =>
        Answer.Ok(pick(await options.CurrentAsync(ct)));

    private static void Write(Utf8JsonWriter json, GatewayOptions options, AdminOptions admin, bool setUp, long startTime)
    {
        json.WriteStartObject();
        json.WriteString("version"u8, admin.Version);
        json.WriteNumber("start_time"u8, startTime);
        json.WriteBoolean("setup"u8, setUp);
        json.WriteString("_qn"u8, "new-api");

        json.WriteString("system_name"u8, options.SystemName);
        json.WriteString("logo"u8, options.Logo);
        json.WriteString("footer_html"u8, options.Footer);
        json.WriteString("server_address"u8, options.ServerAddress);
        json.WriteString("docs_link"u8, options.General.DocsLink);
        json.WriteString("top_up_link"u8, options.TopUpLink);

        json.WriteNumber("quota_per_unit"u8, options.QuotaPerUnit);
        json.WriteBoolean("display_in_currency"u8, options.General.QuotaDisplayType != QuotaDisplay.Tokens);
        json.WriteString("quota_display_type"u8, options.General.QuotaDisplayType.ToString().ToUpperInvariant());
        json.WriteString("custom_currency_symbol"u8, options.General.CustomCurrencySymbol);
        json.WriteNumber("custom_currency_exchange_rate"u8, options.General.CustomCurrencyExchangeRate);
        json.WriteNumber("usd_exchange_rate"u8, options.USDExchangeRate);
        json.WriteNumber("price"u8, options.Price);
        json.WriteNumber("min_topup"u8, options.MinTopUp);
        json.WriteNumber("stripe_unit_price"u8, options.StripeUnitPrice);

        json.WriteBoolean("email_verification"u8, options.EmailVerificationEnabled);
        json.WriteBoolean("turnstile_check"u8, options.TurnstileCheckEnabled);
        json.WriteString("turnstile_site_key"u8, options.TurnstileSiteKey);
        json.WriteBoolean("github_oauth"u8, options.GitHubOAuthEnabled);
        json.WriteString("github_client_id"u8, options.GitHubClientId);
        json.WriteBoolean("discord_oauth"u8, options.Discord.Enabled);
        json.WriteString("discord_client_id"u8, options.Discord.ClientId);
        json.WriteBoolean("linuxdo_oauth"u8, options.LinuxDOOAuthEnabled);
        json.WriteString("linuxdo_client_id"u8, options.LinuxDOClientId);
        json.WriteNumber("linuxdo_minimum_trust_level"u8, options.LinuxDOMinimumTrustLevel);
        json.WriteBoolean("telegram_oauth"u8, options.TelegramOAuthEnabled);
        json.WriteString("telegram_bot_name"u8, options.TelegramBotName);
        json.WriteBoolean("wechat_login"u8, options.WeChatAuthEnabled);
        json.WriteString("wechat_qrcode"u8, options.WeChatAccountQRCodeImageURL);
        json.WriteBoolean("oidc_enabled"u8, options.Oidc.Enabled);
        json.WriteString("oidc_client_id"u8, options.Oidc.ClientId);
        json.WriteString("oidc_authorization_endpoint"u8, options.Oidc.AuthorizationEndpoint);
        json.WriteBoolean("passkey_login"u8, options.Passkey.Enabled);
        json.WriteString("passkey_display_name"u8, options.Passkey.RpDisplayName);
        json.WriteString("passkey_rp_id"u8, options.Passkey.RpId);
        json.WriteString("passkey_origins"u8, options.Passkey.Origins);
        json.WriteBoolean("passkey_allow_insecure"u8, options.Passkey.AllowInsecureOrigin);
        json.WriteString("passkey_user_verification"u8, options.Passkey.UserVerification);
        json.WriteString("passkey_attachment"u8, options.Passkey.AttachmentPreference);

        json.WriteBoolean("enable_batch_update"u8, admin.BatchUpdate);
        json.WriteBoolean("enable_drawing"u8, options.DrawingEnabled);
        json.WriteBoolean("enable_task"u8, options.TaskEnabled);
        json.WriteBoolean("enable_data_export"u8, options.DataExportEnabled);
        json.WriteString("data_export_default_time"u8, options.DataExportDefaultTime);
        json.WriteBoolean("default_collapse_sidebar"u8, options.DefaultCollapseSidebar);
        json.WriteBoolean("mj_notify_enabled"u8, options.MjNotifyEnabled);
        json.WriteBoolean("demo_site_enabled"u8, options.DemoSiteEnabled);
        json.WriteBoolean("self_use_mode_enabled"u8, options.SelfUseModeEnabled);
        json.WriteBoolean("default_use_auto_group"u8, options.DefaultUseAutoGroup);
        json.WriteBoolean("user_agreement_enabled"u8, options.Legal.UserAgreement.Length > 0);
        json.WriteBoolean("privacy_policy_enabled"u8, options.Legal.PrivacyPolicy.Length > 0);
        json.WriteBoolean("checkin_enabled"u8, options.Checkin.Enabled);
        json.WriteString("HeaderNavModules"u8, options.HeaderNavModules);
        json.WriteString("SidebarModulesAdmin"u8, options.SidebarModulesAdmin);

        json.WritePropertyName("chats"u8);
        WriteArray(json, options.Chats);
        json.WriteBoolean("uptime_kuma_enabled"u8, options.Console.UptimeKumaEnabled);
        List(json, "api_info", options.Console.ApiInfoEnabled, options.Console.ApiInfo);
        List(json, "announcements", options.Console.AnnouncementsEnabled, options.Console.Announcements);
        List(json, "faq", options.Console.FaqEnabled, options.Console.Faq);
        json.WriteEndObject();
    }

    private static void List(Utf8JsonWriter json, string name, bool enabled, string text)
    {
        json.WriteBoolean(name + "_enabled", enabled);
        if (!enabled)
        {
            return;
        }
        json.WritePropertyName(name);
        try
        {
            using var parsed = JsonDocument.Parse(text.Length == 0 ? "[]" : text);
            WriteArray(json, parsed.RootElement);
        }
        catch (JsonException)
        {
            json.WriteStartArray();
            json.WriteEndArray();
        }
    }

    private static void WriteArray(Utf8JsonWriter json, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            value.WriteTo(json);
            return;
        }
        json.WriteStartArray();
        json.WriteEndArray();
    }
}

/// <summary>When this process started, Unix seconds.</summary>
internal sealed class StartTime(TimeProvider clock)
{
    public long UnixSeconds { get; } = clock.GetUtcNow().ToUnixTimeSeconds();
}
