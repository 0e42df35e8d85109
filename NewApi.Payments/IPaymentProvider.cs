using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.Payments;

/// <summary>Somebody who takes payments and can be asked what became of one.</summary>
public interface IPaymentProvider
{
    /// <summary>One of <see cref="PaymentProviders"/>.</summary>
    string Name { get; }

    /// <summary>Asks what became of an order.</summary>
    /// <exception cref="PaymentProviderException">The provider cannot be reached or answers something that we do not understand.</exception>
    Task<CheckoutLook> LookAsync(PaymentRow payment, GatewayOptions options, CancellationToken cancel);
}

/// <summary>What a provider says about an order.</summary>
/// <param name="State">Whether it can still be paid.</param>
/// <param name="Fact">The payment, when there is one.</param>
public sealed record CheckoutLook(CheckoutState State, PaymentFact? Fact = null)
{
    public static readonly CheckoutLook Open = new(CheckoutState.Open);
    public static readonly CheckoutLook Expired = new(CheckoutState.Expired);
    public static readonly CheckoutLook Failed = new(CheckoutState.Failed);

    public static CheckoutLook Paid(PaymentFact fact) => new(CheckoutState.Paid, fact);
}

public enum CheckoutState
{
    /// <summary>Not paid, or not yet.</summary>
    Open,

    Paid,

    /// <summary>Can no longer be paid.</summary>
    Expired,

    /// <summary>The payment was refused for good.</summary>
    Failed,
}

/// <summary>A checkout that a payer can be sent to.</summary>
/// <param name="Session">The provider's name of it.</param>
/// <param name="Url">Where to send the payer.</param>
/// <param name="Due">What it asks for, in the smallest unit of the currency.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record Checkout(string Session, string Url, long Due, string Currency);

/// <summary>A provider did not do what was asked of it. The message is for the operator; it holds no key.</summary>
public sealed class PaymentProviderException(string message, Exception? inner = null) : Exception(message, inner);
