using System.Collections.Frozen;
using System.Text.Json;
using NewApi.Domain.Pricing;
using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Options;

/// <summary>
/// Everything that administrators set while the gateway runs: an immutable snapshot of the rows of table <c>options</c> over the shipped
/// defaults (specification: data-model §5). Members are named after their keys; amounts called quota are points.
/// </summary>
public sealed class GatewayOptions(OptionReader read)
{
    private const int Century = 100 * 365 * 24 * 60;

    /// <summary>The options of an installation that nobody has changed.</summary>
    public static GatewayOptions Default { get; } = Parse(FrozenDictionary<string, string>.Empty, out _);

    /// <summary>
    /// Reads rows. A value that cannot be read keeps its default, a table entry that cannot be a price is left out, and
    /// <paramref name="problems"/> names each such key without its value.
    /// </summary>
    public static GatewayOptions Parse(IReadOnlyDictionary<string, string> rows, out IReadOnlyList<string> problems)
    {
        var found = new List<string>();
        problems = found;
        return new GatewayOptions(new OptionReader(rows, found));
    }

    // Accounts and sign-in.
    public bool PasswordLoginEnabled { get; } = read.Flag("PasswordLoginEnabled");

    public bool PasswordRegisterEnabled { get; } = read.Flag("PasswordRegisterEnabled");

    public bool RegisterEnabled { get; } = read.Flag("RegisterEnabled");

    public bool EmailVerificationEnabled { get; } = read.Flag("EmailVerificationEnabled");

    public bool EmailDomainRestrictionEnabled { get; } = read.Flag("EmailDomainRestrictionEnabled");

    public bool EmailAliasRestrictionEnabled { get; } = read.Flag("EmailAliasRestrictionEnabled");

    public IReadOnlyList<string> EmailDomainWhitelist { get; } = read.Split("EmailDomainWhitelist", ',');

    public bool GitHubOAuthEnabled { get; } = read.Flag("GitHubOAuthEnabled");

    public bool LinuxDOOAuthEnabled { get; } = read.Flag("LinuxDOOAuthEnabled");

    public bool TelegramOAuthEnabled { get; } = read.Flag("TelegramOAuthEnabled");

    public bool WeChatAuthEnabled { get; } = read.Flag("WeChatAuthEnabled");

    public bool TurnstileCheckEnabled { get; } = read.Flag("TurnstileCheckEnabled");

    public string GitHubClientId { get; } = read.Text("GitHubClientId");

    public string GitHubClientSecret { get; } = read.Text("GitHubClientSecret");

    public string LinuxDOClientId { get; } = read.Text("LinuxDOClientId");

    public string LinuxDOClientSecret { get; } = read.Text("LinuxDOClientSecret");

    public int LinuxDOMinimumTrustLevel { get; } = read.Int("LinuxDOMinimumTrustLevel");

    public string TelegramBotToken { get; } = read.Text("TelegramBotToken");

    public string TelegramBotName { get; } = read.Text("TelegramBotName");

    public string WeChatServerAddress { get; } = read.Text("WeChatServerAddress");

    public string WeChatServerToken { get; } = read.Text("WeChatServerToken");

    public string WeChatAccountQRCodeImageURL { get; } = read.Text("WeChatAccountQRCodeImageURL");

    public string TurnstileSiteKey { get; } = read.Text("TurnstileSiteKey");

    public string TurnstileSecretKey { get; } = read.Text("TurnstileSecretKey");

    // Mail.
    public string SMTPServer { get; } = read.Text("SMTPServer");

    public int SMTPPort { get; } = read.Int("SMTPPort", 1, 65535);

    public string SMTPAccount { get; } = read.Text("SMTPAccount");

    public string SMTPFrom { get; } = read.Text("SMTPFrom");

    public string SMTPToken { get; } = read.Text("SMTPToken");

    public bool SMTPSSLEnabled { get; } = read.Flag("SMTPSSLEnabled");

    // Appearance.
    public string SystemName { get; } = read.Text("SystemName");

    public string Logo { get; } = read.Text("Logo");

    public string Footer { get; } = read.Text("Footer");

    public string Notice { get; } = read.Text("Notice");

    public string About { get; } = read.Text("About");

    public string HomePageContent { get; } = read.Text("HomePageContent");

    /// <summary>Public base URL without a trailing slash; <c>http://localhost:3000</c> while nobody has set it.</summary>
    public string ServerAddress { get; } =
        read.Text("ServerAddress").TrimEnd('/') is { Length: > 0 } address ? address : "http://localhost:3000";

    public string WorkerUrl { get; } = read.Text("WorkerUrl");

    public string WorkerValidKey { get; } = read.Text("WorkerValidKey");

    public bool WorkerAllowHttpImageRequestEnabled { get; } = read.Flag("WorkerAllowHttpImageRequestEnabled");

    public string TopUpLink { get; } = read.Text("TopUpLink");

    /// <summary>List of one-entry objects, name to URL template.</summary>
    public JsonElement Chats { get; } = read.Json("Chats");

    public bool DisplayTokenStatEnabled { get; } = read.Flag("DisplayTokenStatEnabled");

    public bool DrawingEnabled { get; } = read.Flag("DrawingEnabled");

    public bool TaskEnabled { get; } = read.Flag("TaskEnabled");

    public bool DataExportEnabled { get; } = read.Flag("DataExportEnabled");

    /// <summary>Minutes.</summary>
    public int DataExportInterval { get; } = read.Int("DataExportInterval", 1, Century);

    public string DataExportDefaultTime { get; } = read.Text("DataExportDefaultTime");

    public bool DefaultCollapseSidebar { get; } = read.Flag("DefaultCollapseSidebar");

    /// <summary>JSON text of the console's own; empty while absent.</summary>
    public string HeaderNavModules { get; } = read.Text("HeaderNavModules");

    /// <summary>JSON text of the console's own; empty while absent.</summary>
    public string SidebarModulesAdmin { get; } = read.Text("SidebarModulesAdmin");

    // Quota.
    public long QuotaForNewUser { get; } = read.Long("QuotaForNewUser", max: Quota.Most);

    public long QuotaForInviter { get; } = read.Long("QuotaForInviter", max: Quota.Most);

    public long QuotaForInvitee { get; } = read.Long("QuotaForInvitee", max: Quota.Most);

    public long QuotaRemindThreshold { get; } = read.Long("QuotaRemindThreshold");

    /// <summary>Tokens, in spite of the name: the answer expected of a call that does not bound it (known problem H11).</summary>
    public long PreConsumedQuota { get; } = read.Long("PreConsumedQuota", 0, int.MaxValue);

    /// <summary>Points per US dollar.</summary>
    public decimal QuotaPerUnit { get; } = read.Number("QuotaPerUnit", 0.000001m, RatioTable.Largest);

    /// <summary>Most output tokens that a hold accounts for, 0 for no limit; the settlement is never capped by it.</summary>
    public long HoldOutputCap { get; } = read.Long("newapi.hold_output_cap");

    // Relay.
    public bool LogConsumeEnabled { get; } = read.Flag("LogConsumeEnabled");

    /// <summary>Further attempts after the first.</summary>
    public int RetryTimes { get; } = read.Int("RetryTimes", 0, 1000);

    /// <summary>Seconds that a channel test may take.</summary>
    /// <summary>
    /// A channel whose test takes longer is disabled. Null while no operator has said so: the reference's five seconds would disable
    /// every model that thinks (known problem E4).
    /// </summary>
    public TimeSpan? ChannelDisableThreshold { get; } =
        read.IsSet("ChannelDisableThreshold") && read.Number("ChannelDisableThreshold", 0, 86_400) is > 0 and var seconds
            ? TimeSpan.FromSeconds((double)seconds)
            : null;

    public bool AutomaticDisableChannelEnabled { get; } = read.Flag("AutomaticDisableChannelEnabled");

    public bool AutomaticEnableChannelEnabled { get; } = read.Flag("AutomaticEnableChannelEnabled");

    /// <summary>In lower case; looked for anywhere in an upstream's message.</summary>
    public IReadOnlyList<string> AutomaticDisableKeywords { get; } =
        [.. read.Lines("AutomaticDisableKeywords").Select(line => line.ToLowerInvariant())];

    public StatusCodeRanges AutomaticDisableStatusCodes { get; } = read.StatusCodes("AutomaticDisableStatusCodes");

    public StatusCodeRanges AutomaticRetryStatusCodes { get; } = read.StatusCodes("AutomaticRetryStatusCodes");

    public bool ModelRequestRateLimitEnabled { get; } = read.Flag("ModelRequestRateLimitEnabled");

    public int ModelRequestRateLimitDurationMinutes { get; } = read.Int("ModelRequestRateLimitDurationMinutes", 1, Century);

    /// <summary>All requests, failed ones included; 0 for no limit.</summary>
    public int ModelRequestRateLimitCount { get; } = read.Int("ModelRequestRateLimitCount");

    public int ModelRequestRateLimitSuccessCount { get; } = read.Int("ModelRequestRateLimitSuccessCount");

    /// <summary>Limits of single groups in place of the general ones.</summary>
    public FrozenDictionary<string, RequestLimit> ModelRequestRateLimitGroup { get; } =
        read.Limits("ModelRequestRateLimitGroup");

    /// <summary>Bounds per user, key, group, model and channel; an object, see the relay's limits.</summary>
    public JsonElement LimitRules { get; } = read.Json("limit_setting.rules");

    /// <summary>
    /// Quota points that a key may be charged on our own count, within an hour, for answers that it left before their end; 0 for no limit.
    /// </summary>
    public long AbortedPointsPerHour { get; } = read.Long("limit_setting.aborted_points_per_hour");

    public bool CheckSensitiveEnabled { get; } = read.Flag("CheckSensitiveEnabled");

    public bool CheckSensitiveOnPromptEnabled { get; } = read.Flag("CheckSensitiveOnPromptEnabled");

    public bool StopOnSensitiveEnabled { get; } = read.Flag("StopOnSensitiveEnabled");

    /// <summary>In lower case.</summary>
    public IReadOnlyList<string> SensitiveWords { get; } = [.. read.Lines("SensitiveWords").Select(line => line.ToLowerInvariant())];

    public int StreamCacheQueueLength { get; } = read.Int("StreamCacheQueueLength");

    public bool DemoSiteEnabled { get; } = read.Flag("DemoSiteEnabled");

    public bool SelfUseModeEnabled { get; } = read.Flag("SelfUseModeEnabled");

    public bool MjNotifyEnabled { get; } = read.Flag("MjNotifyEnabled");

    public bool MjAccountFilterEnabled { get; } = read.Flag("MjAccountFilterEnabled");

    public bool MjModeClearEnabled { get; } = read.Flag("MjModeClearEnabled");

    public bool MjForwardUrlEnabled { get; } = read.Flag("MjForwardUrlEnabled");

    public bool MjActionCheckSuccessEnabled { get; } = read.Flag("MjActionCheckSuccessEnabled");

    // Prices and groups. Figures are exact decimals, finite and not negative.
    public FrozenDictionary<string, decimal> ModelRatio { get; } = read.Ratios("ModelRatio");

    /// <summary>US dollars a call.</summary>
    public FrozenDictionary<string, decimal> ModelPrice { get; } = read.Ratios("ModelPrice");

    public FrozenDictionary<string, decimal> CompletionRatio { get; } = read.Ratios("CompletionRatio");

    public FrozenDictionary<string, decimal> CacheRatio { get; } = read.Ratios("CacheRatio");

    public FrozenDictionary<string, decimal> CreateCacheRatio { get; } = read.Ratios("CreateCacheRatio");

    public FrozenDictionary<string, decimal> ImageRatio { get; } = read.Ratios("ImageRatio");

    public FrozenDictionary<string, decimal> AudioRatio { get; } = read.Ratios("AudioRatio");

    public FrozenDictionary<string, decimal> AudioCompletionRatio { get; } = read.Ratios("AudioCompletionRatio");

    /// <summary>Every existing group has an entry here.</summary>
    public FrozenDictionary<string, decimal> GroupRatio { get; } = read.Ratios("GroupRatio");

    /// <summary>User group, then used group: ratios that replace those of <see cref="GroupRatio"/>.</summary>
    public FrozenDictionary<string, FrozenDictionary<string, decimal>> GroupGroupRatio { get; } = read.NestedRatios("GroupGroupRatio");

    public FrozenDictionary<string, decimal> TopupGroupRatio { get; } = read.Ratios("TopupGroupRatio");

    /// <summary>Group to description.</summary>
    public FrozenDictionary<string, string> UserUsableGroups { get; } =
        read.Map("UserUsableGroups", OptionJson.Default.DictionaryStringString);

    /// <summary>User group, then <c>-:name</c> to take a group away or <c>+:name</c> or <c>name</c> to add it, with its description.</summary>
    public FrozenDictionary<string, Dictionary<string, string>> GroupSpecialUsableGroup { get; } =
        read.Map("group_ratio_setting.group_special_usable_group", OptionJson.Default.DictionaryStringDictionaryStringString);

    /// <summary>What the pseudo group <c>auto</c> tries, in order.</summary>
    public IReadOnlyList<string> AutoGroups { get; } = read.Parsed("AutoGroups", OptionJson.Default.ListString);

    public bool DefaultUseAutoGroup { get; } = read.Flag("DefaultUseAutoGroup");

    public int MaxTokenAutoGroups { get; } = read.Int("MaxTokenAutoGroups");

    public bool ExposeRatioEnabled { get; } = read.Flag("ExposeRatioEnabled");

    /// <summary>Tool, or <c>tool:model-prefix*</c>, to US dollars per thousand calls; over the shipped prices of tools.</summary>
    public FrozenDictionary<string, decimal> ToolPrices { get; } = read.Ratios("tool_price_setting.prices");

    /// <summary>Public price lists that an administrator may compare with.</summary>
    public IReadOnlyList<PriceCatalogSource> PriceCatalogs { get; } = read.Catalogs("newapi.price_catalogs");

    /// <summary>Model to <c>ratio</c> or <c>tiered_expr</c>.</summary>
    public FrozenDictionary<string, string> BillingMode { get; } = read.Words("billing_setting.billing_mode", "ratio", PriceBook.FormulaMode);

    /// <summary>Model to the formula that is its price, for the models that <see cref="BillingMode"/> sells so.</summary>
    public FrozenDictionary<string, PriceExpression> BillingExpr { get; } = read.Formulas("billing_setting.billing_expr");

    // Payment.
    public decimal Price { get; } = read.Number("Price");

    public decimal USDExchangeRate { get; } = read.Number("USDExchangeRate");

    public decimal MinTopUp { get; } = read.Number("MinTopUp");

    public string PayAddress { get; } = read.Text("PayAddress");

    public string EpayId { get; } = read.Text("EpayId");

    public string EpayKey { get; } = read.Text("EpayKey");

    public string CustomCallbackAddress { get; } = read.Text("CustomCallbackAddress");

    public JsonElement PayMethods { get; } = read.Json("PayMethods");

    public string StripeApiSecret { get; } = read.Text("StripeApiSecret");

    public string StripeWebhookSecret { get; } = read.Text("StripeWebhookSecret");

    public string StripePriceId { get; } = read.Text("StripePriceId");

    public decimal StripeUnitPrice { get; } = read.Number("StripeUnitPrice");

    public decimal StripeMinTopUp { get; } = read.Number("StripeMinTopUp");

    public bool StripePromotionCodesEnabled { get; } = read.Flag("StripePromotionCodesEnabled");

    public string CreemApiKey { get; } = read.Text("CreemApiKey");

    public string CreemWebhookSecret { get; } = read.Text("CreemWebhookSecret");

    public JsonElement CreemProducts { get; } = read.Json("CreemProducts");

    public bool CreemTestMode { get; } = read.Flag("CreemTestMode");

    // Configuration modules.
    public GeneralSettings General { get; } = new(read);

    public ConsoleSettings Console { get; } = new(read);

    public MonitorSettings Monitor { get; } = new(read);

    public PaymentSettings Payment { get; } = new(read);

    public CheckinSettings Checkin { get; } = new(read);

    public ChannelAffinitySettings ChannelAffinity { get; } = new(read);

    public OidcSettings Oidc { get; } = new(read);

    public DiscordSettings Discord { get; } = new(read);

    public PasskeySettings Passkey { get; } = new(read);

    public LegalSettings Legal { get; } = new(read);

    public FetchSettings Fetch { get; } = new(read);

    public GlobalSettings Global { get; } = new(read);

    public ClaudeSettings Claude { get; } = new(read);

    public GeminiSettings Gemini { get; } = new(read);

    public GrokSettings Grok { get; } = new(read);

    public QwenSettings Qwen { get; } = new(read);

    public PerformanceSettings Performance { get; } = new(read);

    /// <summary>Whether a free model still asks for a positive balance.</summary>
    public bool EnableFreeModelPreConsume { get; } = read.Flag("quota_setting.enable_free_model_pre_consume");

    public int MaxUserTokens { get; } = read.Int("token_setting.max_user_tokens");
}

/// <summary>Requests within the window: all of them, and those that succeed; 0 for no limit.</summary>
public readonly record struct RequestLimit(int Total, int Success);
