using static NewApi.Data.Schema.ColumnShape;
using static NewApi.Data.Schema.IndexShape;

namespace NewApi.Data.Schema;

/// <summary>
/// Every table that the gateway needs, once, for all engines: names, types and indexes of the reference (specification: data model §3),
/// then our own, whose names start with <c>newapi_</c>. What a database has beyond this is left alone.
/// </summary>
internal static class GatewaySchema
{
    private static readonly TableShape Users = new("users")
    {
        Columns =
        [
            Id(),
            Word("username"),
            Text("password").Required(),
            Word("display_name"),
            Number("role", 1),
            Number("status", 1),
            Word("email"),
            Word("github_id"),
            Word("discord_id"),
            Word("oidc_id"),
            Word("wechat_id"),
            Word("telegram_id"),
            Word("linux_do_id"),
            Char("access_token", 32),
            Number("quota", 0),
            Number("used_quota", 0),
            Number("request_count", 0),
            Varchar("group", 64, "default"),
            Varchar("aff_code", 32),
            Number("aff_count", 0),
            Number("aff_quota", 0),
            Number("aff_history", 0),
            Number("inviter_id"),
            Time("deleted_at"),
            ShortText("setting"),
            Varchar("remark", 255),
            Varchar("stripe_customer", 64),
            Number("created_at"),
            Number("last_login_at", 0),
            Number("auth_version", 1).Required(),
            Number("newapi_held", 0).Required(),
        ],
        Indexes =
        [
            UniqueConstraint("uni_users_username", "username"),
            Index("idx_users_username", "username"),
            Index("idx_users_display_name", "display_name"),
            Index("idx_users_email", "email"),
            Index("idx_users_git_hub_id", "github_id"),
            Index("idx_users_discord_id", "discord_id"),
            Index("idx_users_oidc_id", "oidc_id"),
            Index("idx_users_we_chat_id", "wechat_id"),
            Index("idx_users_telegram_id", "telegram_id"),
            Index("idx_users_linux_do_id", "linux_do_id"),
            Unique("idx_users_access_token", "access_token"),
            Unique("idx_users_aff_code", "aff_code"),
            Index("idx_users_inviter_id", "inviter_id"),
            Index("idx_users_deleted_at", "deleted_at"),
            Index("idx_users_stripe_customer", "stripe_customer"),
        ],
    };

    private static readonly TableShape Tokens = new("tokens")
    {
        Columns =
        [
            Id(),
            Number("user_id"),
            Varchar("key", 128),
            Number("status", 1),
            Word("name"),
            Number("created_time"),
            Number("accessed_time"),
            Number("expired_time", -1),
            Number("remain_quota", 0),
            Flag("unlimited_quota", false),
            Flag("model_limits_enabled", false),
            ShortText("model_limits", ""),
            Word("allow_ips", ""),
            Number("used_quota", 0),
            Word("group", ""),
            Flag("cross_group_retry", false),
            ShortText("auto_groups"),
            Time("deleted_at"),
            Number("newapi_held", 0).Required(),
        ],
        Indexes =
        [
            Unique("idx_tokens_key", "key"),
            Index("idx_tokens_user_id", "user_id"),
            Index("idx_tokens_name", "name"),
            Index("idx_tokens_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape Channels = new("channels")
    {
        Columns =
        [
            Id(),
            Number("type", 0),
            Text("key").Required(),
            Text("open_ai_organization"),
            Text("test_model"),
            Number("status", 1),
            Word("name"),
            Number("weight", 0),
            Number("created_time"),
            Number("test_time"),
            Number("response_time"),
            Word("base_url", ""),
            Text("other"),
            Real("balance"),
            Number("balance_updated_time"),
            Text("models"),
            Varchar("group", 64, "default"),
            Number("used_quota", 0),
            ShortText("model_mapping"),
            Varchar("status_code_mapping", 1024, ""),
            Number("priority", 0),
            Number("auto_ban", 1),
            Text("other_info"),
            Word("tag"),
            ShortText("setting"),
            ShortText("param_override"),
            ShortText("header_override"),
            Varchar("remark", 255),
            Json("channel_info"),
            Text("settings"),
            Text("newapi_purchase"),
        ],
        Indexes =
        [
            Index("idx_channels_name", "name"),
            Index("idx_channels_tag", "tag"),
        ],
    };

    private static readonly TableShape Abilities = new("abilities")
    {
        Columns =
        [
            Varchar("group", 64).Key(),
            Varchar("model", 255).Key(),
            Number("channel_id").Key(),
            Flag("enabled"),
            Number("priority", 0),
            Number("weight", 0),
            Word("tag"),
        ],
        Indexes =
        [
            Index("idx_abilities_channel_id", "channel_id"),
            Index("idx_abilities_priority", "priority"),
            Index("idx_abilities_weight", "weight"),
            Index("idx_abilities_tag", "tag"),
        ],
    };

    private static readonly TableShape Options = new("options")
    {
        Columns =
        [
            Word("key").Key(),
            Text("value"),
        ],
    };

    private static readonly TableShape Logs = new("logs")
    {
        Columns =
        [
            Id(),
            Number("user_id"),
            Number("created_at"),
            Number("type"),
            Text("content"),
            Word("username", ""),
            Word("token_name", ""),
            Word("model_name", ""),
            Number("quota", 0),
            Number("prompt_tokens", 0),
            Number("completion_tokens", 0),
            Number("use_time", 0),
            Flag("is_stream", false),
            Number("channel_id"),
            Text("channel_name"),
            Number("token_id", 0),
            Word("group"),
            Word("ip", ""),
            Varchar("request_id", 64, ""),
            Varchar("upstream_request_id", 128, ""),
            Text("other"),
        ],
        Indexes =
        [
            Index("idx_logs_user_id", "user_id"),
            Index("idx_user_id_id", "user_id", "id"),
            Index("idx_created_at_id", "created_at", "id"),
            Index("idx_created_at_type", "created_at", "type"),
            Index("idx_logs_username", "username"),
            Index("index_username_model_name", "model_name", "username"),
            Index("idx_logs_token_name", "token_name"),
            Index("idx_logs_model_name", "model_name"),
            Index("idx_logs_channel_id", "channel_id"),
            Index("idx_logs_token_id", "token_id"),
            Index("idx_logs_group", "group"),
            Index("idx_logs_ip", "ip"),
            Index("idx_logs_request_id", "request_id"),
            Index("idx_logs_upstream_request_id", "upstream_request_id"),
        ],
    };

    private static readonly TableShape Redemptions = new("redemptions")
    {
        Columns =
        [
            Id(),
            Number("user_id"),
            Char("key", 32),
            Number("status", 1),
            Word("name"),
            Number("quota", 100),
            Number("created_time"),
            Number("redeemed_time"),
            Number("used_user_id"),
            Time("deleted_at"),
            Number("expired_time"),
        ],
        Indexes =
        [
            Unique("idx_redemptions_key", "key"),
            Index("idx_redemptions_name", "name"),
            Index("idx_redemptions_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape TopUps = new("top_ups")
    {
        Columns =
        [
            Id(),
            Number("user_id"),
            Number("amount"),
            Real("money"),
            Varchar("trade_no", 255),
            Varchar("payment_method", 50),
            Varchar("payment_provider", 50, ""),
            Number("create_time"),
            Number("complete_time"),
            Text("status"),
        ],
        Indexes =
        [
            Index("idx_top_ups_user_id", "user_id"),
            UniqueConstraint("uni_top_ups_trade_no", "trade_no"),
        ],
    };

    private static readonly TableShape QuotaData = new("quota_data")
    {
        Columns =
        [
            Id(),
            Number("user_id"),
            Sized("username", 64, ""),
            Sized("model_name", 64, ""),
            Number("created_at"),
            Number("token_used", 0),
            Number("count", 0),
            Number("quota", 0),
            Sized("use_group", 64, ""),
            Number("token_id", 0),
            Number("channel_id", 0),
            Sized("node_name", 64, ""),
            Number("newapi_cost", 0),
            Number("newapi_margin", 0),
        ],
        Indexes =
        [
            Index("idx_quota_data_user_id", "user_id"),
            Index("idx_qdt_model_user_name", "model_name", "username"),
            Index("idx_qdt_created_at", "created_at"),
        ],
    };

    private static readonly TableShape Midjourneys = new("midjourneys")
    {
        Columns =
        [
            Id(),
            Number("code"),
            Number("user_id"),
            Varchar("action", 40),
            Word("mj_id"),
            Text("prompt"),
            Text("prompt_en"),
            Text("description"),
            Text("state"),
            Number("submit_time"),
            Number("start_time"),
            Number("finish_time"),
            Text("image_url"),
            Text("video_url"),
            Text("video_urls"),
            Varchar("status", 20),
            Varchar("progress", 30),
            Text("fail_reason"),
            Number("channel_id"),
            Number("quota"),
            Text("buttons"),
            Text("properties"),
            Varchar("newapi_request_id", 64),
        ],
        Indexes =
        [
            Index("idx_midjourneys_user_id", "user_id"),
            Index("idx_midjourneys_action", "action"),
            Index("idx_midjourneys_mj_id", "mj_id"),
            Index("idx_midjourneys_submit_time", "submit_time"),
            Index("idx_midjourneys_start_time", "start_time"),
            Index("idx_midjourneys_finish_time", "finish_time"),
            Index("idx_midjourneys_status", "status"),
            Index("idx_midjourneys_progress", "progress"),
            Index("newapi_midjourneys_request_id", "newapi_request_id"),
        ],
    };

    private static readonly TableShape Tasks = new("tasks")
    {
        Columns =
        [
            Id(),
            Number("created_at"),
            Number("updated_at"),
            Varchar("task_id", 191),
            Varchar("platform", 30),
            Number("user_id"),
            Number("channel_id"),
            Varchar("group", 50),
            Number("quota"),
            Varchar("action", 40),
            Varchar("status", 20),
            Text("fail_reason"),
            Number("submit_time"),
            Number("start_time"),
            Number("finish_time"),
            Varchar("progress", 20),
            Json("properties"),
            Json("private_data"),
            Json("data"),
        ],
        Indexes =
        [
            Index("idx_tasks_created_at", "created_at"),
            Index("idx_tasks_task_id", "task_id"),
            Index("idx_tasks_platform", "platform"),
            Index("idx_tasks_user_id", "user_id"),
            Index("idx_tasks_channel_id", "channel_id"),
            Index("idx_tasks_action", "action"),
            Index("idx_tasks_status", "status"),
            Index("idx_tasks_submit_time", "submit_time"),
            Index("idx_tasks_start_time", "start_time"),
            Index("idx_tasks_finish_time", "finish_time"),
            Index("idx_tasks_progress", "progress"),
        ],
    };

    private static readonly TableShape Models = new("models")
    {
        Columns =
        [
            Id(),
            Sized("model_name", 128).Required(),
            ShortText("description"),
            Varchar("icon", 128),
            Varchar("tags", 255),
            Number("vendor_id"),
            ShortText("endpoints"),
            Number("status", 1),
            Number("sync_official", 1),
            Number("created_time"),
            Number("updated_time"),
            Number("name_rule", 0),
            Time("deleted_at"),
        ],
        Indexes =
        [
            Unique("uk_model_name_delete_at", "model_name", "deleted_at"),
            Index("idx_models_vendor_id", "vendor_id"),
            Index("idx_models_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape Vendors = new("vendors")
    {
        Columns =
        [
            Id(),
            Sized("name", 128).Required(),
            ShortText("description"),
            Varchar("icon", 128),
            Number("status", 1),
            Number("created_time"),
            Number("updated_time"),
            Time("deleted_at"),
        ],
        Indexes =
        [
            Unique("uk_vendor_name_delete_at", "name", "deleted_at"),
            Index("idx_vendors_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape PrefillGroups = new("prefill_groups")
    {
        Columns =
        [
            Id(),
            Sized("name", 64).Required(),
            Sized("type", 32).Required(),
            Json("items"),
            Varchar("description", 255),
            Number("created_time"),
            Number("updated_time"),
            Time("deleted_at"),
        ],
        Indexes =
        [
            UniqueWhileAlive("uk_prefill_name", "name"),
            Index("idx_prefill_groups_type", "type"),
            Index("idx_prefill_groups_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape Setups = new("setups")
    {
        Columns =
        [
            Id(),
            Varchar("version", 50).Required(),
            Number("initialized_at").Required(),
        ],
    };

    private static readonly TableShape TwoFas = new("two_fas")
    {
        Columns =
        [
            Id(),
            Number("user_id").Required(),
            Varchar("secret", 255).Required(),
            Flag("is_enabled"),
            Number("failed_attempts", 0),
            Time("locked_until"),
            Time("last_used_at"),
            Time("created_at"),
            Time("updated_at"),
            Time("deleted_at"),
        ],
        Indexes =
        [
            UniqueConstraint("uni_two_fas_user_id", "user_id"),
            Index("idx_two_fas_user_id", "user_id"),
            Index("idx_two_fas_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape TwoFaBackupCodes = new("two_fa_backup_codes")
    {
        Columns =
        [
            Id(),
            Number("user_id").Required(),
            Varchar("code_hash", 255).Required(),
            Flag("is_used"),
            Time("used_at"),
            Time("created_at"),
            Time("deleted_at"),
        ],
        Indexes =
        [
            Index("idx_two_fa_backup_codes_user_id", "user_id"),
            Index("idx_two_fa_backup_codes_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape PasskeyCredentials = new("passkey_credentials")
    {
        Columns =
        [
            Id(),
            Number("user_id").Required(),
            Varchar("credential_id", 512).Required(),
            ShortText("public_key").Required(),
            Varchar("attestation_type", 255),
            Varchar("aa_guid", 512),
            Number("sign_count", 0),
            Flag("clone_warning"),
            Flag("user_present"),
            Flag("user_verified"),
            Flag("backup_eligible"),
            Flag("backup_state"),
            ShortText("transports"),
            Varchar("attachment", 32),
            Time("last_used_at"),
            Time("created_at"),
            Time("updated_at"),
            Time("deleted_at"),
        ],
        Indexes =
        [
            Unique("idx_passkey_credentials_user_id", "user_id"),
            Unique("idx_passkey_credentials_credential_id", "credential_id"),
            Index("idx_passkey_credentials_deleted_at", "deleted_at"),
        ],
    };

    private static readonly TableShape Checkins = new("checkins")
    {
        Columns =
        [
            Id(),
            Number("user_id").Required(),
            Varchar("checkin_date", 10).Required(),
            Number("quota_awarded").Required(),
            Number("created_at"),
        ],
        Indexes =
        [
            Unique("idx_user_checkin_date", "user_id", "checkin_date"),
        ],
    };

    private static readonly TableShape SubscriptionPlans = new("subscription_plans")
    {
        Columns =
        [
            Id(),
            Varchar("title", 128).Required(),
            Varchar("subtitle", 255, ""),
            Amount("price_amount", 0).Required(),
            Varchar("currency", 8, "USD").Required(),
            Varchar("duration_unit", 16, "month").Required(),
            Number("duration_value", 1).Required(),
            Number("custom_seconds", 0).Required(),
            Flag("enabled", true),
            Number("sort_order", 0),
            Varchar("stripe_price_id", 128, ""),
            Varchar("creem_product_id", 128, ""),
            Number("max_purchase_per_user", 0),
            Varchar("upgrade_group", 64, ""),
            Number("total_amount", 0).Required(),
            Varchar("quota_reset_period", 16, "never"),
            Number("quota_reset_custom_seconds", 0),
            Varchar("downgrade_group", 64, ""),
            Number("created_at"),
            Number("updated_at"),
            Flag("allow_balance_pay"),
            Flag("allow_wallet_overflow"),
        ],
    };

    private static readonly TableShape SubscriptionOrders = new("subscription_orders")
    {
        Columns =
        [
            Id(),
            Number("user_id"),
            Number("plan_id"),
            Real("money"),
            Varchar("trade_no", 255),
            Varchar("payment_method", 50),
            Varchar("payment_provider", 50, ""),
            Text("status"),
            Number("create_time"),
            Number("complete_time"),
            ShortText("provider_payload"),
        ],
        Indexes =
        [
            Index("idx_subscription_orders_user_id", "user_id"),
            Index("idx_subscription_orders_plan_id", "plan_id"),
            UniqueConstraint("uni_subscription_orders_trade_no", "trade_no"),
        ],
    };

    private static readonly TableShape UserSubscriptions = new("user_subscriptions")
    {
        Columns =
        [
            Id(),
            Number("user_id"),
            Number("plan_id"),
            Number("amount_total", 0).Required(),
            Number("amount_used", 0).Required(),
            Number("start_time"),
            Number("end_time"),
            Varchar("status", 32),
            Varchar("source", 32, "order"),
            Number("last_reset_time", 0),
            Number("next_reset_time", 0),
            Varchar("upgrade_group", 64, ""),
            Varchar("prev_user_group", 64, ""),
            Number("created_at"),
            Number("updated_at"),
            Number("newapi_held", 0).Required(),
        ],
        Indexes =
        [
            Index("idx_user_subscriptions_user_id", "user_id"),
            Index("idx_user_sub_active", "user_id", "status", "end_time"),
            Index("idx_user_subscriptions_plan_id", "plan_id"),
            Index("idx_user_subscriptions_end_time", "end_time"),
            Index("idx_user_subscriptions_status", "status"),
            Index("idx_user_subscriptions_next_reset_time", "next_reset_time"),
        ],
    };

    private static readonly TableShape SubscriptionPreConsumeRecords = new("subscription_pre_consume_records")
    {
        Columns =
        [
            Id(),
            Varchar("request_id", 64),
            Number("user_id"),
            Number("user_subscription_id"),
            Number("pre_consumed", 0).Required(),
            Varchar("status", 32),
            Number("created_at"),
            Number("updated_at"),
        ],
        Indexes =
        [
            Unique("idx_subscription_pre_consume_records_request_id", "request_id"),
            Index("idx_subscription_pre_consume_records_user_id", "user_id"),
            Index("idx_subscription_pre_consume_records_user_subscription_id", "user_subscription_id"),
            Index("idx_subscription_pre_consume_records_status", "status"),
            Index("idx_subscription_pre_consume_records_updated_at", "updated_at"),
        ],
    };

    private static readonly TableShape CustomOauthProviders = new("custom_oauth_providers")
    {
        Columns =
        [
            Id(),
            Varchar("name", 64).Required(),
            Varchar("slug", 64).Required(),
            Flag("enabled", false),
            Varchar("client_id", 256),
            Varchar("client_secret", 512),
            Varchar("authorization_endpoint", 512),
            Varchar("token_endpoint", 512),
            Varchar("user_info_endpoint", 512),
            Varchar("scopes", 256, "openid profile email"),
            Varchar("user_id_field", 128, "sub"),
            Varchar("username_field", 128, "preferred_username"),
            Varchar("display_name_field", 128, "name"),
            Varchar("email_field", 128, "email"),
            Varchar("well_known", 512),
            Number("auth_style", 0),
            Time("created_at"),
            Time("updated_at"),
        ],
        Indexes =
        [
            Unique("idx_custom_oauth_providers_slug", "slug"),
        ],
    };

    private static readonly TableShape UserOauthBindings = new("user_oauth_bindings")
    {
        Columns =
        [
            Id(),
            Number("user_id").Required(),
            Number("provider_id").Required(),
            Varchar("provider_user_id", 256).Required(),
            Time("created_at"),
        ],
        Indexes =
        [
            Unique("ux_user_provider", "user_id", "provider_id"),
            Unique("ux_provider_userid", "provider_id", "provider_user_id"),
        ],
    };

    private static readonly TableShape Ledger = new("newapi_ledger")
    {
        Columns =
        [
            Exact("entry_key", 100).Key(),
            Number("kind").Required(),
            Number("user_id").Required(),
            Number("token_id").Required(),
            Number("channel_id").Required(),
            Number("points").Required(),
            Number("token_points").Required(),
            Number("excess").Required(),
            Flag("logged").Required(),
            Number("created_at").Required(),
            Number("subscription_id", 0).Required(),
            Number("subscription_points", 0).Required(),
            Number("token_excess", 0).Required(),
            Number("subscription_excess", 0).Required(),
        ],
        Indexes =
        [
            Index("newapi_ledger_user", "user_id", "created_at"),
        ],
        WithoutRowId = true,
    };

    private static readonly TableShape Leases = new("newapi_leases")
    {
        Columns =
        [
            Exact("name", 100).Key(),
            Exact("holder", 100).Required(),
            Number("fence").Required(),
            Number("expires_at").Required(),
        ],
    };

    private static readonly TableShape Escrows = new("newapi_escrows")
    {
        Columns =
        [
            Exact("lease", 100).Key(),
            Number("kind").Key(),
            Number("account_id").Key(),
            Number("amount").Required(),
        ],
    };

    private static readonly TableShape Budgets = new("newapi_budgets")
    {
        Columns =
        [
            Id(),
            Varchar("name", 64).Required(),
            Number("owner_id").Required(),
            Varchar("scope", 16).Required(),
            Number("scope_id").Required(),
            Varchar("scope_group", 64).Required(),
            Number("amount").Required(),
            Number("used").Required(),
            Number("held").Required(),
            Varchar("period", 16).Required(),
            Number("custom_seconds").Required(),
            Number("last_reset_time").Required(),
            Number("next_reset_time").Required(),
            Flag("enabled").Required(),
            Number("created_at").Required(),
            Number("updated_at").Required(),
            Number("excess", 0).Required(),
            Number("ceiling", 0).Required(),
        ],
        Indexes =
        [
            Index("newapi_budgets_scope", "scope", "scope_id"),
        ],
    };

    private static readonly TableShape Meta = new("newapi_meta")
    {
        Columns =
        [
            Exact("name", 100).Key(),
            Text("value"),
        ],
    };

    private static readonly TableShape Payments = new("newapi_payments")
    {
        Columns =
        [
            Exact("trade_no", 100).Key(),
            Word("provider").Required(),
            Word("session", "").Required(),
            Number("due").Required(),
            Varchar("currency", 8).Required(),
            Number("points").Required(),
            Number("created_at").Required(),
            Number("next_look").Required(),
        ],
        Indexes =
        [
            Index("newapi_payments_next_look", "next_look"),
        ],
    };

    private static readonly TableShape BalanceWatch = new("newapi_balance_watch")
    {
        Columns =
        [
            Number("user_id").Key(),
            Number("quota").Required(),
        ],
    };

    private static readonly TableShape SubscriptionWatch = new("newapi_subscription_watch")
    {
        Columns =
        [
            Number("subscription_id").Key(),
            Number("points").Required(),
        ],
    };

    private static readonly TableShape Notices = new("newapi_notices")
    {
        Columns =
        [
            Id(),
            Number("user_id").Required(),
            Varchar("kind", 32).Required(),
            Text("title").Required(),
            Text("content").Required(),
            Number("created_at").Required(),
            Number("tries").Required(),
            Number("next_try").Required(),
        ],
        Indexes =
        [
            Index("newapi_notices_user", "user_id", "kind", "created_at"),
            Index("newapi_notices_next_try", "next_try"),
        ],
    };

    private static readonly TableShape ChannelProbes = new("newapi_channel_probes")
    {
        Columns =
        [
            Number("channel_id").Key(),
            Number("key_index").Key(),
            Number("since").Required(),
            Number("failures").Required(),
            Number("next_probe").Required(),
        ],
    };

    private static readonly TableShape TaskPolls = new("newapi_task_polls")
    {
        Columns =
        [
            Number("task_id").Key(),
            Number("next_poll").Required(),
            Number("misses").Required(),
            Number("late_looks").Required(),
        ],
        Indexes =
        [
            Index("newapi_task_polls_next_poll", "next_poll"),
        ],
    };

    private static readonly TableShape LogOutbox = new("newapi_log_outbox")
    {
        Columns =
        [
            Exact("entry_key", 100).Key(),
            Number("created_at").Required(),
            Text("log_row").Required(),
        ],
    };

    private static readonly TableShape LogReceipts = new("newapi_log_receipts")
    {
        Columns =
        [
            Exact("entry_key", 100).Key(),
            Number("created_at").Required(),
        ],
        Indexes =
        [
            Index("newapi_log_receipts_created_at", "created_at"),
        ],
    };

    /// <summary>All tables of the main database.</summary>
    public static IReadOnlyList<TableShape> Main { get; } =
    [
        Users,
        Tokens,
        Channels,
        Abilities,
        Options,
        Logs,
        Redemptions,
        TopUps,
        QuotaData,
        Midjourneys,
        Tasks,
        Models,
        Vendors,
        PrefillGroups,
        Setups,
        TwoFas,
        TwoFaBackupCodes,
        PasskeyCredentials,
        Checkins,
        SubscriptionPlans,
        SubscriptionOrders,
        UserSubscriptions,
        SubscriptionPreConsumeRecords,
        CustomOauthProviders,
        UserOauthBindings,
        Ledger,
        Leases,
        Escrows,
        Budgets,
        Meta,
        Payments,
        BalanceWatch,
        SubscriptionWatch,
        Notices,
        ChannelProbes,
        TaskPolls,
        LogOutbox,
        // Here as well: what is left in the outbox when the log moves back to the main database is sent there.
        LogReceipts,
    ];

    /// <summary>The tables of a separate log database.</summary>
    public static IReadOnlyList<TableShape> Log { get; } = [Logs, LogReceipts];
}
