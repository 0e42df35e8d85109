using NewApi.AdminService.Http;
using NewApi.Data.Rows;
using NewApi.Domain.Funding;
using NewApi.Domain.Groups;
using NewApi.Domain.Subscriptions;

namespace NewApi.AdminService.Subscriptions;

/// <summary>What a plan may look like (specification: admin API §16).</summary>
internal static class PlanRules
{
    private const decimal HighestPrice = 9_999;

    public static Text? Mistake(SubscriptionPlanRow plan, GroupRules groups) =>
        plan.Title.Length is 0 or > 128 ? Say.PlanTitle
        : plan.Subtitle.Length > 255 ? Say.PlanSubtitle
        : plan.PriceAmount is < 0 or > HighestPrice ? Say.PlanPrice
        : !PlanDuration.IsValid(plan.DurationUnit, plan.DurationValue, plan.CustomSeconds) ? Say.PlanDuration
        : !ResetPeriod.IsKnown(plan.QuotaResetPeriod) ? Say.PlanReset
        : plan.QuotaResetPeriod == "custom" && plan.QuotaResetCustomSeconds <= 0 ? Say.PlanResetSeconds
        : plan.TotalAmount < 0 || plan.MaxPurchasePerUser < 0 || plan.QuotaResetCustomSeconds < 0 ? Say.PlanNegative
        : plan.StripePriceId.Length > 128 || plan.CreemProductId.Length > 128 ? Say.PlanIds
        : plan.UpgradeGroup.Length > 0 && !groups.Exists(plan.UpgradeGroup) ? Say.GroupUnknown
        : plan.DowngradeGroup.Length > 0 && !groups.Exists(plan.DowngradeGroup) ? Say.GroupUnknown
        : null;
}
