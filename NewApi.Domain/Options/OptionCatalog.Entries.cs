using NewApi.Domain.Pricing;

namespace NewApi.Domain.Options;

public static partial class OptionCatalog
{
    private const string ChatLinks =
        """[{"ChatGPT Next Web":"https://app.nextchat.dev/#/?settings={\"key\":\"{key}\",\"url\":\"{address}\"}"},{"Lobe Chat":"https://chat-preview.lobehub.com/?settings={\"keyVaults\":{\"openai\":{\"apiKey\":\"{key}\",\"baseURL\":\"{address}/v1\"}}}"},{"OpenCat":"opencat://team/join?domain={address}&token={key}"}]""";

    private const string PayMethodList =
        """[{"name":"Alipay","type":"alipay","color":"#1677ff"},{"name":"WeChat Pay","type":"wxpay","color":"#07c160"},{"name":"Custom 1","type":"custom1","color":"black","min_topup":"50"}]""";

    // What providers answer when an account is out of money or out of favour.
    private const string DisableKeywords =
        "Your credit balance is too low\nThis organization has been disabled.\nYou exceeded your current quota\nPermission denied\n"
        + "The security token included in the request is invalid\nOperation not allowed\nYour account is not authorized";

    private const string AffinityRules =
        """[{"name":"codex cli trace","model_regex":["^gpt-.*$"],"path_regex":["/v1/responses"],"key_sources":[{"type":"gjson","path":"prompt_cache_key"}],"value_regex":"","ttl_seconds":0,"skip_retry_on_failure":true,"include_using_group":true,"include_rule_name":true,"param_override_template":{"operations":[{"mode":"pass_headers","value":["Originator","Session_id","User-Agent","X-Codex-Beta-Features","X-Codex-Turn-Metadata"]}]}},{"name":"claude cli trace","model_regex":["^claude-.*$"],"path_regex":["/v1/messages"],"key_sources":[{"type":"gjson","path":"metadata.user_id"}],"value_regex":"","ttl_seconds":0,"skip_retry_on_failure":true,"include_using_group":true,"include_rule_name":true,"param_override_template":{"operations":[{"mode":"pass_headers","value":["X-Stainless-Arch","X-Stainless-Lang","X-Stainless-Os","X-Stainless-Package-Version","X-Stainless-Retry-Count","X-Stainless-Runtime","X-Stainless-Runtime-Version","X-Stainless-Timeout","User-Agent","X-App","Anthropic-Beta","Anthropic-Dangerous-Direct-Browser-Access","Anthropic-Version"]}]}}]""";

    private const string PriceCatalogs =
        """[{"name":"models.dev","url":"https://models.dev/api.json"},{"name":"OpenRouter","url":"https://openrouter.ai/api/v1/models"},{"name":"LiteLLM","url":"https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"}]""";

    private static OptionEntry[] Build() =>
    [
        // Accounts and sign-in.
        Flag("PasswordLoginEnabled", true),
        Flag("PasswordRegisterEnabled", true),
        Flag("RegisterEnabled", true),
        Flag("EmailVerificationEnabled", false),
        Flag("EmailDomainRestrictionEnabled", false),
        Flag("EmailAliasRestrictionEnabled", false),
        Text("EmailDomainWhitelist", "gmail.com,163.com,126.com,qq.com,outlook.com,hotmail.com,icloud.com,yahoo.com,foxmail.com"),
        Flag("GitHubOAuthEnabled", false),
        Flag("LinuxDOOAuthEnabled", false),
        Flag("TelegramOAuthEnabled", false),
        Flag("WeChatAuthEnabled", false),
        Flag("TurnstileCheckEnabled", false),
        Text("GitHubClientId"),
        Text("GitHubClientSecret"),
        Stored("LinuxDOClientId"),
        Stored("LinuxDOClientSecret"),
        Stored("LinuxDOMinimumTrustLevel", OptionKind.Number),
        Text("TelegramBotToken"),
        Text("TelegramBotName"),
        Text("WeChatServerAddress"),
        Text("WeChatServerToken"),
        Text("WeChatAccountQRCodeImageURL"),
        Text("TurnstileSiteKey"),
        Text("TurnstileSecretKey"),

        // Mail.
        Text("SMTPServer"),
        Number("SMTPPort", "587"),
        Text("SMTPAccount"),
        Text("SMTPFrom"),
        Text("SMTPToken"),
        Flag("SMTPSSLEnabled", false),

        // Appearance.
        Text("SystemName", "New API"),
        Text("Logo"),
        Text("Footer"),
        Text("Notice"),
        Text("About"),
        Text("HomePageContent"),
        Text("ServerAddress"),
        Text("WorkerUrl"),
        Text("WorkerValidKey"),
        Flag("WorkerAllowHttpImageRequestEnabled", false),
        Text("TopUpLink"),
        Json("Chats", ChatLinks),
        Flag("DisplayInCurrencyEnabled", true),
        Flag("DisplayTokenStatEnabled", true),
        Flag("DrawingEnabled", true),
        Flag("TaskEnabled", true),
        Flag("DataExportEnabled", true),
        Number("DataExportInterval", "5"),
        Text("DataExportDefaultTime", "hour"),
        Flag("DefaultCollapseSidebar", false),
        Stored("HeaderNavModules"),
        Stored("SidebarModulesAdmin"),
        Stored("ApiInfo"),
        Stored("Announcements"),
        Stored("FAQ"),
        Stored("UptimeKumaUrl"),
        Stored("UptimeKumaSlug"),

        // Quota.
        Number("QuotaForNewUser", "0"),
        Number("QuotaForInviter", "0"),
        Number("QuotaForInvitee", "0"),
        Number("QuotaRemindThreshold", "1000"),
        Number("PreConsumedQuota", "500"),
        Number("QuotaPerUnit", "500000"),

        // Relay.
        Flag("LogConsumeEnabled", true),
        Number("RetryTimes", "0"),
        Number("ChannelDisableThreshold", "5"),
        Flag("AutomaticDisableChannelEnabled", false),
        Flag("AutomaticEnableChannelEnabled", false),
        Text("AutomaticDisableKeywords", DisableKeywords),
        Text("AutomaticDisableStatusCodes", "401"),
        Text("AutomaticRetryStatusCodes", "100-199,300-399,401-407,409-499,500-503,505-523,525-599"),
        Flag("ModelRequestRateLimitEnabled", false),
        Number("ModelRequestRateLimitDurationMinutes", "1"),
        Number("ModelRequestRateLimitCount", "0"),
        Number("ModelRequestRateLimitSuccessCount", "1000"),
        Json("ModelRequestRateLimitGroup", "{}"),
        Json("limit_setting.rules", "{}"),
        Number("limit_setting.aborted_points_per_hour", "0"),
        Flag("CheckSensitiveEnabled", true),
        Flag("CheckSensitiveOnPromptEnabled", true),
        Flag("StopOnSensitiveEnabled", true),
        Text("SensitiveWords", "test_sensitive"),
        Number("StreamCacheQueueLength", "0"),
        Flag("DemoSiteEnabled", false),
        Flag("SelfUseModeEnabled", false),
        Flag("MjNotifyEnabled", false),
        Flag("MjAccountFilterEnabled", false),
        Flag("MjModeClearEnabled", false),
        Flag("MjForwardUrlEnabled", true),
        Flag("MjActionCheckSuccessEnabled", true),

        // Prices and groups.
        Json("ModelRatio", DefaultPrices.ModelRatio),
        Json("ModelPrice", DefaultPrices.ModelPrice),
        Json("CompletionRatio", DefaultPrices.CompletionRatio),
        Json("CacheRatio", DefaultPrices.CacheRatio),
        Json("CreateCacheRatio", DefaultPrices.CreateCacheRatio),
        Json("ImageRatio", DefaultPrices.ImageRatio),
        Json("AudioRatio", DefaultPrices.AudioRatio),
        Json("AudioCompletionRatio", DefaultPrices.AudioCompletionRatio),
        Json("GroupRatio", """{"default":1,"svip":1,"vip":1}"""),
        Json("GroupGroupRatio", """{"vip":{"edit_this":0.9}}"""),
        Json("UserUsableGroups", """{"default":"默认分组","vip":"vip分组"}"""),
        Json("AutoGroups", """["default"]"""),
        Flag("DefaultUseAutoGroup", false),
        Number("MaxTokenAutoGroups", "5"),
        Json("TopupGroupRatio", """{"default":1,"svip":1,"vip":1}"""),
        Flag("ExposeRatioEnabled", false),

        // Payment.
        Number("Price", "7.3"),
        Number("USDExchangeRate", "7.3"),
        Number("MinTopUp", "1"),
        Text("PayAddress"),
        Text("EpayId"),
        Text("EpayKey"),
        Text("CustomCallbackAddress"),
        Json("PayMethods", PayMethodList),
        Text("StripeApiSecret"),
        Text("StripeWebhookSecret"),
        Text("StripePriceId"),
        Number("StripeUnitPrice", "8"),
        Number("StripeMinTopUp", "1"),
        Flag("StripePromotionCodesEnabled", false),
        Text("CreemApiKey"),
        Text("CreemWebhookSecret"),
        Json("CreemProducts", "[]"),
        Flag("CreemTestMode", false),
        Number("FileUploadPermission", "0"),
        Number("FileDownloadPermission", "0"),
        Number("ImageUploadPermission", "0"),
        Number("ImageDownloadPermission", "0"),

        // Configuration modules.
        Text("general_setting.docs_link", "https://docs.newapi.pro"),
        Flag("general_setting.ping_interval_enabled", false),
        Number("general_setting.ping_interval_seconds", "60"),
        Text("general_setting.quota_display_type", "USD"),
        Text("general_setting.custom_currency_symbol", "¤"),
        Number("general_setting.custom_currency_exchange_rate", "1"),
        Flag("quota_setting.enable_free_model_pre_consume", true),
        Flag("monitor_setting.auto_test_channel_enabled", false),
        Number("monitor_setting.auto_test_channel_minutes", "10"),
        Text("monitor_setting.channel_test_mode", "scheduled_all"),
        Json("payment_setting.amount_options", "[10,20,50,100,200,500]"),
        Json("payment_setting.amount_discount", "{}"),
        Flag("checkin_setting.enabled", false),
        Number("checkin_setting.min_quota", "1000"),
        Number("checkin_setting.max_quota", "10000"),
        Number("token_setting.max_user_tokens", "1000"),
        Flag("channel_affinity_setting.enabled", true),
        Flag("channel_affinity_setting.switch_on_success", true),
        Number("channel_affinity_setting.max_entries", "100000"),
        Number("channel_affinity_setting.default_ttl_seconds", "3600"),
        Json("channel_affinity_setting.rules", AffinityRules),
        Json("console_setting.api_info", ""),
        Json("console_setting.uptime_kuma_groups", ""),
        Json("console_setting.announcements", ""),
        Json("console_setting.faq", ""),
        Flag("console_setting.api_info_enabled", true),
        Flag("console_setting.uptime_kuma_enabled", true),
        Flag("console_setting.announcements_enabled", true),
        Flag("console_setting.faq_enabled", true),
        Flag("oidc.enabled", false),
        Text("oidc.client_id"),
        Text("oidc.client_secret"),
        Text("oidc.well_known"),
        Text("oidc.authorization_endpoint"),
        Text("oidc.token_endpoint"),
        Text("oidc.user_info_endpoint"),
        Flag("discord.enabled", false),
        Text("discord.client_id"),
        Text("discord.client_secret"),
        Flag("passkey.enabled", false),
        Text("passkey.rp_display_name"),
        Text("passkey.rp_id"),
        Text("passkey.origins"),
        Flag("passkey.allow_insecure_origin", false),
        Text("passkey.user_verification", "preferred"),
        Text("passkey.attachment_preference"),
        Text("legal.user_agreement"),
        Text("legal.privacy_policy"),
        Flag("fetch_setting.enable_ssrf_protection", true),
        Flag("fetch_setting.allow_private_ip", false),
        Flag("fetch_setting.domain_filter_mode", false),
        Flag("fetch_setting.ip_filter_mode", false),
        Json("fetch_setting.domain_list", "[]"),
        Json("fetch_setting.ip_list", "[]"),
        Json("fetch_setting.allowed_ports", """["80","443","8080","8443"]"""),
        Flag("fetch_setting.apply_ip_filter_for_domain", false),
        Stored("group_ratio_setting.group_ratio", OptionKind.Json),
        Stored("group_ratio_setting.group_group_ratio", OptionKind.Json),
        // The reference ships sample entries here; a fresh installation should not grant groups that nobody made.
        Json("group_ratio_setting.group_special_usable_group", "{}"),
        Flag("global.pass_through_request_enabled", false),
        Json("global.thinking_model_blacklist", """["moonshotai/kimi-k2-thinking","kimi-k2-thinking"]"""),
        Json("global.chat_completions_to_responses_policy", """{"enabled":false,"all_channels":true}"""),
        Json("claude.model_headers_settings", "{}"),
        Json("claude.default_max_tokens", """{"default":8192}"""),
        Flag("claude.thinking_adapter_enabled", true),
        Number("claude.thinking_adapter_budget_tokens_percentage", "0.8"),
        Json("gemini.safety_settings", """{"default":"OFF"}"""),
        Json("gemini.version_settings", """{"default":"v1beta","gemini-1.0-pro":"v1"}"""),
        Json("gemini.supported_imagine_models", """["gemini-2.0-flash-exp-image-generation","gemini-2.0-flash-exp"]"""),
        Flag("gemini.thinking_adapter_enabled", false),
        Number("gemini.thinking_adapter_budget_tokens_percentage", "0.6"),
        Flag("gemini.function_call_thought_signature_enabled", true),
        Flag("gemini.remove_function_response_id_enabled", true),
        Flag("grok.violation_deduction_enabled", true),
        Number("grok.violation_deduction_amount", "0.05"),
        Json("qwen.sync_image_models", """["qwen-image","z-image"]"""),
        Flag("performance_setting.disk_cache_enabled", false),
        Number("performance_setting.disk_cache_threshold_mb", "10"),
        Number("performance_setting.disk_cache_max_size_mb", "1024"),
        Text("performance_setting.disk_cache_path"),
        Flag("performance_setting.monitor_enabled", true),
        Number("performance_setting.monitor_cpu_threshold", "90"),
        Number("performance_setting.monitor_memory_threshold", "90"),
        Number("performance_setting.monitor_disk_threshold", "90"),
        Json("tool_price_setting.prices", ToolPrices.Shipped),
        Json("billing_setting.billing_mode", "{}"),
        Json("billing_setting.billing_expr", "{}"),

        // Ours.
        Number("newapi.hold_output_cap", "0"),
        Json("newapi.price_catalogs", PriceCatalogs),
    ];

    private static OptionEntry Flag(string key, bool value) => new(key, value ? "true" : "false", OptionKind.Flag);

    private static OptionEntry Number(string key, string value) => new(key, value, OptionKind.Number);

    private static OptionEntry Text(string key, string value = "") => new(key, value, OptionKind.Text);

    private static OptionEntry Json(string key, string value) => new(key, value, OptionKind.Json);

    private static OptionEntry Stored(string key, OptionKind kind = OptionKind.Text) => new(key, null, kind);
}
