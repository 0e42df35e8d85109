using NewApi.Data.Rows;
using NewApi.Data.Subscriptions;

namespace NewApi.AdminService.Subscriptions;

/// <summary>A plan, as it is shown and as administrators send it.</summary>
internal sealed record PlanFields
{
    public long Id { get; init; }

    public string? Title { get; init; }

    public string? Subtitle { get; init; }

    public decimal PriceAmount { get; init; }

    public string? Currency { get; init; }

    public string? DurationUnit { get; init; }

    public long DurationValue { get; init; }

    public long CustomSeconds { get; init; }

    /// <summary>On sale, unless somebody says otherwise.</summary>
    public bool? Enabled { get; init; }

    public long SortOrder { get; init; }

    public bool? AllowBalancePay { get; init; }

    public bool? AllowWalletOverflow { get; init; }

    public string? StripePriceId { get; init; }

    public string? CreemProductId { get; init; }

    public long MaxPurchasePerUser { get; init; }

    public string? UpgradeGroup { get; init; }

    public string? DowngradeGroup { get; init; }

    public long TotalAmount { get; init; }

    public string? QuotaResetPeriod { get; init; }

    public long QuotaResetCustomSeconds { get; init; }

    public long CreatedAt { get; init; }

    public long UpdatedAt { get; init; }

    public static PlanView Of(SubscriptionPlanRow row) => new(new PlanFields
    {
        Id = row.Id,
        Title = row.Title,
        Subtitle = row.Subtitle,
        PriceAmount = row.PriceAmount,
        Currency = row.Currency,
        DurationUnit = row.DurationUnit,
        DurationValue = row.DurationValue,
        CustomSeconds = row.CustomSeconds,
        Enabled = row.Enabled,
        SortOrder = row.SortOrder,
        AllowBalancePay = row.AllowBalancePay ?? true,
        AllowWalletOverflow = row.AllowWalletOverflow ?? true,
        StripePriceId = row.StripePriceId,
        CreemProductId = row.CreemProductId,
        MaxPurchasePerUser = row.MaxPurchasePerUser,
        UpgradeGroup = row.UpgradeGroup,
        DowngradeGroup = row.DowngradeGroup,
        TotalAmount = row.TotalAmount,
        QuotaResetPeriod = row.QuotaResetPeriod,
        QuotaResetCustomSeconds = row.QuotaResetCustomSeconds,
        CreatedAt = row.CreatedAt,
        UpdatedAt = row.UpdatedAt,
    });

    /// <summary>The row to store; what was not sent has its ordinary value.</summary>
    public SubscriptionPlanRow Row(long id, long createdAt, long now) => new()
    {
        Id = id,
        Title = Title!.Trim(),
        Subtitle = Subtitle ?? "",
        PriceAmount = PriceAmount,
        DurationUnit = DurationUnit is { Length: > 0 } ? DurationUnit : "month",
        DurationValue = DurationValue == 0 ? 1 : DurationValue,
        CustomSeconds = CustomSeconds,
        Enabled = Enabled ?? true,
        SortOrder = SortOrder,
        AllowBalancePay = AllowBalancePay,
        AllowWalletOverflow = AllowWalletOverflow,
        StripePriceId = StripePriceId ?? "",
        CreemProductId = CreemProductId ?? "",
        MaxPurchasePerUser = MaxPurchasePerUser,
        UpgradeGroup = UpgradeGroup ?? "",
        DowngradeGroup = DowngradeGroup ?? "",
        TotalAmount = TotalAmount,
        QuotaResetPeriod = QuotaResetPeriod is { Length: > 0 } ? QuotaResetPeriod : "never",
        QuotaResetCustomSeconds = QuotaResetCustomSeconds,
        CreatedAt = createdAt,
        UpdatedAt = now,
    };
}

internal sealed record PlanView(PlanFields Plan);

internal sealed record PlanRequest
{
    public PlanFields? Plan { get; init; }
}

internal sealed record PlanSwitchRequest
{
    public bool? Enabled { get; init; }
}

internal sealed record PlanPayRequest
{
    public long PlanId { get; init; }

    public string? PaymentMethod { get; init; }

    public string? SuccessUrl { get; init; }

    public string? CancelUrl { get; init; }
}

internal sealed record PlanGrantRequest
{
    public long UserId { get; init; }

    public long PlanId { get; init; }
}

internal sealed record PreferenceRequest
{
    public string? BillingPreference { get; init; }
}

internal sealed record PreferenceView(string BillingPreference);

/// <summary>A held plan.</summary>
internal sealed record HeldPlanView(HeldPlanFields Subscription)
{
    public static HeldPlanView Of(UserSubscriptionRow row) => new(new HeldPlanFields(
        row.Id,
        row.UserId,
        row.PlanId,
        row.AmountTotal,
        row.AmountUsed,
        row.StartTime,
        row.EndTime,
        row.Status,
        row.Source,
        row.LastResetTime,
        row.NextResetTime,
        row.UpgradeGroup,
        row.PrevUserGroup,
        row.CreatedAt,
        row.UpdatedAt));

    public static bool IsActive(UserSubscriptionRow row, long now) => row.Status == SubscriptionStatus.Active && row.EndTime > now;
}

internal sealed record HeldPlanFields(
    long Id,
    long UserId,
    long PlanId,
    long AmountTotal,
    long AmountUsed,
    long StartTime,
    long EndTime,
    string Status,
    string Source,
    long LastResetTime,
    long NextResetTime,
    string UpgradeGroup,
    string PrevUserGroup,
    long CreatedAt,
    long UpdatedAt);

internal sealed record OwnPlansView(string BillingPreference, HeldPlanView[] Subscriptions, HeldPlanView[] AllSubscriptions);
