namespace NewApi.Domain.Pricing.Expressions;

/// <summary>What a part of an expression is; <see cref="Any"/> only while nobody has looked into the request.</summary>
internal enum OperandKind : byte
{
    Nothing,
    Number,
    Flag,
    Text,
    Any,
}

/// <summary>A value while an expression is evaluated.</summary>
internal readonly struct Operand : IEquatable<Operand>
{
    private Operand(OperandKind kind, decimal number, string? text)
    {
        Kind = kind;
        Number = number;
        Text = text;
    }

    public static Operand Nothing => default;

    public OperandKind Kind { get; }

    public decimal Number { get; }

    public string? Text { get; }

    public bool Flag => Kind == OperandKind.Flag && Number != 0;

    public static Operand Of(decimal number) => new(OperandKind.Number, number, null);

    public static Operand Of(bool flag) => new(OperandKind.Flag, flag ? 1 : 0, null);

    public static Operand Of(string text) => new(OperandKind.Text, 0, text);

    public bool Equals(Operand other) =>
        Kind == other.Kind && Number == other.Number && string.Equals(Text, other.Text, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is Operand other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Kind, Number, Text);
}
