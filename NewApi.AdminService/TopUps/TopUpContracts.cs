using NewApi.Data.Rows;

namespace NewApi.AdminService.TopUps;

/// <summary>An order as its owner and administrators see it.</summary>
internal sealed record TopUpView(
    long Id,
    long UserId,
    long Amount,
    decimal Money,
    string TradeNo,
    string PaymentMethod,
    string PaymentProvider,
    long CreateTime,
    long CompleteTime,
    string Status)
{
    public static TopUpView Of(TopUpRow row) => new(
        row.Id,
        row.UserId,
        row.Amount,
        row.Money,
        row.TradeNo ?? "",
        row.PaymentMethod,
        row.PaymentProvider,
        row.CreateTime,
        row.CompleteTime,
        row.Status);
}

internal sealed record AmountRequest
{
    public long Amount { get; init; }

    public string? PaymentMethod { get; init; }

    public string? SuccessUrl { get; init; }

    public string? CancelUrl { get; init; }
}

internal sealed record ProductRequest
{
    public string? ProductId { get; init; }

    public string? PaymentMethod { get; init; }
}

internal sealed record CompleteRequest
{
    public string? TradeNo { get; init; }
}
