using System.Collections.Frozen;
using System.Text.Json;

namespace NewApi.Domain.Options;

/// <summary>How the console shows amounts.</summary>
public enum QuotaDisplay
{
    Usd,
    Cny,
    Tokens,
    Custom,
}

/// <summary>Module <c>general_setting</c>.</summary>
public sealed class GeneralSettings(OptionReader read)
{
    public string DocsLink { get; } = read.Text("general_setting.docs_link");

    public bool PingIntervalEnabled { get; } = read.Flag("general_setting.ping_interval_enabled");

    /// <summary>Ten seconds when the setting is not positive.</summary>
    public TimeSpan PingInterval { get; } =
        TimeSpan.FromSeconds(read.Int("general_setting.ping_interval_seconds", int.MinValue) is > 0 and var seconds ? seconds : 10);

    public QuotaDisplay QuotaDisplayType { get; } =
        Enum.Parse<QuotaDisplay>(read.OneOf("general_setting.quota_display_type", "USD", "CNY", "TOKENS", "CUSTOM"), ignoreCase: true);

    public string CustomCurrencySymbol { get; } = read.Text("general_setting.custom_currency_symbol");

    public decimal CustomCurrencyExchangeRate { get; } = read.Number("general_setting.custom_currency_exchange_rate");
}

/// <summary>Module <c>console_setting</c>: what the dashboard shows. The lists are JSON arrays as text, empty while unset.</summary>
public sealed class ConsoleSettings(OptionReader read)
{
    public string ApiInfo { get; } = read.Text("console_setting.api_info");

    public string UptimeKumaGroups { get; } = read.Text("console_setting.uptime_kuma_groups");

    public string Announcements { get; } = read.Text("console_setting.announcements");

    public string Faq { get; } = read.Text("console_setting.faq");

    public bool ApiInfoEnabled { get; } = read.Flag("console_setting.api_info_enabled");

    public bool UptimeKumaEnabled { get; } = read.Flag("console_setting.uptime_kuma_enabled");

    public bool AnnouncementsEnabled { get; } = read.Flag("console_setting.announcements_enabled");

    public bool FaqEnabled { get; } = read.Flag("console_setting.faq_enabled");
}

/// <summary>Module <c>monitor_setting</c>.</summary>
public sealed class MonitorSettings(OptionReader read)
{
    public bool AutoTestChannelEnabled { get; } = read.Flag("monitor_setting.auto_test_channel_enabled");

    public decimal AutoTestChannelMinutes { get; } = read.Number("monitor_setting.auto_test_channel_minutes", 0, 1_000_000);

    /// <summary>Scheduled tests leave enabled channels alone.</summary>
    public bool OnlyRecovery { get; } =
        read.OneOf("monitor_setting.channel_test_mode", "scheduled_all", "passive_recovery") == "passive_recovery";
}

/// <summary>Module <c>payment_setting</c>.</summary>
public sealed class PaymentSettings(OptionReader read)
{
    public IReadOnlyList<decimal> AmountOptions { get; } = read.Parsed("payment_setting.amount_options", OptionJson.Default.ListDecimal);

    /// <summary>Amount to the factor that it is sold at.</summary>
    public FrozenDictionary<string, decimal> AmountDiscount { get; } = read.Ratios("payment_setting.amount_discount");
}

/// <summary>Module <c>checkin_setting</c>; amounts in points.</summary>
public sealed class CheckinSettings(OptionReader read)
{
    public bool Enabled { get; } = read.Flag("checkin_setting.enabled");

    public long MinQuota { get; } = read.Long("checkin_setting.min_quota", max: Quota.Most);

    public long MaxQuota { get; } = read.Long("checkin_setting.max_quota", max: Quota.Most);
}

/// <summary>Module <c>channel_affinity_setting</c> (specification: relay §3.13).</summary>
public sealed class ChannelAffinitySettings(OptionReader read)
{
    public bool Enabled { get; } = read.Flag("channel_affinity_setting.enabled");

    public bool SwitchOnSuccess { get; } = read.Flag("channel_affinity_setting.switch_on_success");

    public int MaxEntries { get; } = read.Int("channel_affinity_setting.max_entries");

    public TimeSpan DefaultTtl { get; } = TimeSpan.FromSeconds(read.Int("channel_affinity_setting.default_ttl_seconds"));

    public JsonElement Rules { get; } = read.Json("channel_affinity_setting.rules");
}

/// <summary>Module <c>oidc</c>.</summary>
public sealed class OidcSettings(OptionReader read)
{
    public bool Enabled { get; } = read.Flag("oidc.enabled");

    public string ClientId { get; } = read.Text("oidc.client_id");

    public string ClientSecret { get; } = read.Text("oidc.client_secret");

    public string WellKnown { get; } = read.Text("oidc.well_known");

    public string AuthorizationEndpoint { get; } = read.Text("oidc.authorization_endpoint");

    public string TokenEndpoint { get; } = read.Text("oidc.token_endpoint");

    public string UserInfoEndpoint { get; } = read.Text("oidc.user_info_endpoint");
}

/// <summary>Module <c>discord</c>.</summary>
public sealed class DiscordSettings(OptionReader read)
{
    public bool Enabled { get; } = read.Flag("discord.enabled");

    public string ClientId { get; } = read.Text("discord.client_id");

    public string ClientSecret { get; } = read.Text("discord.client_secret");
}

/// <summary>Module <c>passkey</c>; empty names are derived from the server's address.</summary>
public sealed class PasskeySettings(OptionReader read)
{
    public bool Enabled { get; } = read.Flag("passkey.enabled");

    public string RpDisplayName { get; } = read.Text("passkey.rp_display_name");

    public string RpId { get; } = read.Text("passkey.rp_id");

    public string Origins { get; } = read.Text("passkey.origins");

    public bool AllowInsecureOrigin { get; } = read.Flag("passkey.allow_insecure_origin");

    public string UserVerification { get; } = read.Text("passkey.user_verification");

    public string AttachmentPreference { get; } = read.Text("passkey.attachment_preference");
}

/// <summary>Module <c>legal</c>.</summary>
public sealed class LegalSettings(OptionReader read)
{
    public string UserAgreement { get; } = read.Text("legal.user_agreement");

    public string PrivacyPolicy { get; } = read.Text("legal.privacy_policy");
}

/// <summary>Module <c>fetch_setting</c>: which addresses the gateway may visit on behalf of a user.</summary>
public sealed class FetchSettings(OptionReader read)
{
    public bool EnableSsrfProtection { get; } = read.Flag("fetch_setting.enable_ssrf_protection");

    public bool AllowPrivateIp { get; } = read.Flag("fetch_setting.allow_private_ip");

    /// <summary>True for an allow list, false for a deny list.</summary>
    public bool DomainFilterMode { get; } = read.Flag("fetch_setting.domain_filter_mode");

    /// <summary>True for an allow list, false for a deny list.</summary>
    public bool IpFilterMode { get; } = read.Flag("fetch_setting.ip_filter_mode");

    public IReadOnlyList<string> DomainList { get; } = read.Parsed("fetch_setting.domain_list", OptionJson.Default.ListString);

    public IReadOnlyList<string> IpList { get; } = read.Parsed("fetch_setting.ip_list", OptionJson.Default.ListString);

    /// <summary>Ports and ranges such as <c>8000-8999</c>.</summary>
    public IReadOnlyList<string> AllowedPorts { get; } = read.Parsed("fetch_setting.allowed_ports", OptionJson.Default.ListString);

    public bool ApplyIpFilterForDomain { get; } = read.Flag("fetch_setting.apply_ip_filter_for_domain");
}

/// <summary>Module <c>global</c>.</summary>
public sealed class GlobalSettings(OptionReader read)
{
    public bool PassThroughRequestEnabled { get; } = read.Flag("global.pass_through_request_enabled");

    /// <summary>Models whose name really ends in <c>-thinking</c>.</summary>
    public FrozenSet<string> ThinkingModelBlacklist { get; } =
        read.Parsed("global.thinking_model_blacklist", OptionJson.Default.ListString).ToFrozenSet(StringComparer.Ordinal);

    public JsonElement ChatCompletionsToResponsesPolicy { get; } = read.Json("global.chat_completions_to_responses_policy");
}

/// <summary>Module <c>claude</c>.</summary>
public sealed class ClaudeSettings(OptionReader read)
{
    private const string AnyModel = "default";

    private readonly FrozenDictionary<string, long> _maxTokens =
        read.Map("claude.default_max_tokens", OptionJson.Default.DictionaryStringInt64);

    /// <summary>Model to headers.</summary>
    public JsonElement ModelHeadersSettings { get; } = read.Json("claude.model_headers_settings");

    public bool ThinkingAdapterEnabled { get; } = read.Flag("claude.thinking_adapter_enabled");

    public decimal ThinkingAdapterBudgetTokensPercentage { get; } =
        read.Number("claude.thinking_adapter_budget_tokens_percentage", 0, 1);

    /// <summary>The <c>max_tokens</c> sent for a caller who gives none.</summary>
    public long DefaultMaxTokens(string model) =>
        _maxTokens.TryGetValue(model, out var tokens) || _maxTokens.TryGetValue(AnyModel, out tokens) ? tokens : 8192;
}

/// <summary>Module <c>gemini</c>.</summary>
public sealed class GeminiSettings(OptionReader read)
{
    private const string AnyModel = "default";

    private readonly FrozenDictionary<string, string> _versions =
        read.Map("gemini.version_settings", OptionJson.Default.DictionaryStringString);

    private readonly FrozenDictionary<string, string> _safety =
        read.Map("gemini.safety_settings", OptionJson.Default.DictionaryStringString);

    public IReadOnlyList<string> SupportedImagineModels { get; } =
        read.Parsed("gemini.supported_imagine_models", OptionJson.Default.ListString);

    public bool ThinkingAdapterEnabled { get; } = read.Flag("gemini.thinking_adapter_enabled");

    public decimal ThinkingAdapterBudgetTokensPercentage { get; } =
        read.Number("gemini.thinking_adapter_budget_tokens_percentage", 0, 1);

    public bool FunctionCallThoughtSignatureEnabled { get; } = read.Flag("gemini.function_call_thought_signature_enabled");

    public bool RemoveFunctionResponseIdEnabled { get; } = read.Flag("gemini.remove_function_response_id_enabled");

    /// <summary>The API version in the path, such as <c>v1beta</c>.</summary>
    public string Version(string model) => _versions.GetValueOrDefault(model) ?? _versions.GetValueOrDefault(AnyModel) ?? "v1beta";

    /// <summary>The threshold for a harm category, such as <c>OFF</c>.</summary>
    public string Safety(string category) => _safety.GetValueOrDefault(category) ?? _safety.GetValueOrDefault(AnyModel) ?? "OFF";
}

/// <summary>Module <c>grok</c>.</summary>
public sealed class GrokSettings(OptionReader read)
{
    public bool ViolationDeductionEnabled { get; } = read.Flag("grok.violation_deduction_enabled");

    /// <summary>US dollars.</summary>
    public decimal ViolationDeductionAmount { get; } = read.Number("grok.violation_deduction_amount", 0, 1_000_000);
}

/// <summary>Module <c>qwen</c>.</summary>
public sealed class QwenSettings(OptionReader read)
{
    /// <summary>Prefixes of the image models that answer at once.</summary>
    public IReadOnlyList<string> SyncImageModels { get; } = read.Parsed("qwen.sync_image_models", OptionJson.Default.ListString);
}

/// <summary>Module <c>performance_setting</c>; thresholds in percent.</summary>
public sealed class PerformanceSettings(OptionReader read)
{
    public bool DiskCacheEnabled { get; } = read.Flag("performance_setting.disk_cache_enabled");

    public int DiskCacheThresholdMb { get; } = read.Int("performance_setting.disk_cache_threshold_mb", 0, 1 << 20);

    public int DiskCacheMaxSizeMb { get; } = read.Int("performance_setting.disk_cache_max_size_mb", 0, 1 << 30);

    public string DiskCachePath { get; } = read.Text("performance_setting.disk_cache_path");

    public bool MonitorEnabled { get; } = read.Flag("performance_setting.monitor_enabled");

    public decimal MonitorCpuThreshold { get; } = read.Number("performance_setting.monitor_cpu_threshold", 0, 100);

    public decimal MonitorMemoryThreshold { get; } = read.Number("performance_setting.monitor_memory_threshold", 0, 100);

    public decimal MonitorDiskThreshold { get; } = read.Number("performance_setting.monitor_disk_threshold", 0, 100);
}
