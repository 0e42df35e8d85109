using LinqToDB;

namespace NewApi.Data.Rows;

/// <summary>The tables by name: <c>db.Users.Where(...)</c>.</summary>
public static class Tables
{
    extension(IDataContext db)
    {
        public ITable<UserRow> Users => db.GetTable<UserRow>();

        public ITable<TokenRow> Tokens => db.GetTable<TokenRow>();

        public ITable<ChannelRow> Channels => db.GetTable<ChannelRow>();

        public ITable<AbilityRow> Abilities => db.GetTable<AbilityRow>();

        public ITable<OptionRow> StoredOptions => db.GetTable<OptionRow>();

        public ITable<LogRow> Logs => db.GetTable<LogRow>();

        public ITable<RedemptionRow> Redemptions => db.GetTable<RedemptionRow>();

        public ITable<TopUpRow> TopUps => db.GetTable<TopUpRow>();

        public ITable<QuotaDataRow> QuotaData => db.GetTable<QuotaDataRow>();

        public ITable<MidjourneyRow> Midjourneys => db.GetTable<MidjourneyRow>();

        public ITable<TaskRow> Tasks => db.GetTable<TaskRow>();

        public ITable<ModelRow> Models => db.GetTable<ModelRow>();

        public ITable<VendorRow> Vendors => db.GetTable<VendorRow>();

        public ITable<PrefillGroupRow> PrefillGroups => db.GetTable<PrefillGroupRow>();

        public ITable<SetupRow> Setups => db.GetTable<SetupRow>();

        public ITable<TwoFactorRow> TwoFactors => db.GetTable<TwoFactorRow>();

        public ITable<TwoFactorBackupCodeRow> TwoFactorBackupCodes => db.GetTable<TwoFactorBackupCodeRow>();

        public ITable<PasskeyCredentialRow> PasskeyCredentials => db.GetTable<PasskeyCredentialRow>();

        public ITable<CheckinRow> Checkins => db.GetTable<CheckinRow>();

        public ITable<SubscriptionPlanRow> SubscriptionPlans => db.GetTable<SubscriptionPlanRow>();

        public ITable<SubscriptionOrderRow> SubscriptionOrders => db.GetTable<SubscriptionOrderRow>();

        public ITable<UserSubscriptionRow> UserSubscriptions => db.GetTable<UserSubscriptionRow>();

        public ITable<SubscriptionPreConsumeRow> SubscriptionPreConsumes => db.GetTable<SubscriptionPreConsumeRow>();

        public ITable<CustomOAuthProviderRow> CustomOAuthProviders => db.GetTable<CustomOAuthProviderRow>();

        public ITable<UserOAuthBindingRow> UserOAuthBindings => db.GetTable<UserOAuthBindingRow>();

        public ITable<LedgerRow> Ledger => db.GetTable<LedgerRow>();

        public ITable<LeaseRow> Leases => db.GetTable<LeaseRow>();

        public ITable<EscrowRow> Escrows => db.GetTable<EscrowRow>();

        public ITable<BudgetRow> Budgets => db.GetTable<BudgetRow>();

        public ITable<MetaRow> Meta => db.GetTable<MetaRow>();

        public ITable<PaymentRow> Payments => db.GetTable<PaymentRow>();

        public ITable<BalanceWatchRow> BalanceWatch => db.GetTable<BalanceWatchRow>();

        public ITable<SubscriptionWatchRow> SubscriptionWatch => db.GetTable<SubscriptionWatchRow>();

        public ITable<NoticeRow> Notices => db.GetTable<NoticeRow>();

        public ITable<LogOutboxRow> LogOutbox => db.GetTable<LogOutboxRow>();

        public ITable<LogReceiptRow> LogReceipts => db.GetTable<LogReceiptRow>();

        public ITable<ChannelProbeRow> ChannelProbes => db.GetTable<ChannelProbeRow>();
    }
}
