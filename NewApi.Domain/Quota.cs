namespace NewApi.Domain;

/// <summary>An amount of the internal money unit, in whole points; 500,000 points are one US dollar by default.</summary>
/// <remarks>All arithmetic is checked: an overflow is an error, never a wrapped balance.</remarks>
public readonly record struct Quota(long Points) : IComparable<Quota>
{
    /// <summary>
    /// Most that a balance, a key or a code is given: the largest whole number that every reader of JSON keeps exact. A thousand of them fit
    /// into a column.
    /// </summary>
    public const long Most = 9_007_199_254_740_991;

    public static readonly Quota Zero;

    public static Quota operator +(Quota left, Quota right) => new(checked(left.Points + right.Points));

    public static Quota operator -(Quota left, Quota right) => new(checked(left.Points - right.Points));

    public static Quota operator -(Quota value) => new(checked(-value.Points));

    public static bool operator <(Quota left, Quota right) => left.Points < right.Points;

    public static bool operator >(Quota left, Quota right) => left.Points > right.Points;

    public static bool operator <=(Quota left, Quota right) => left.Points <= right.Points;

    public static bool operator >=(Quota left, Quota right) => left.Points >= right.Points;

    public static Quota Max(Quota left, Quota right) => left.Points >= right.Points ? left : right;

    public static Quota Min(Quota left, Quota right) => left.Points <= right.Points ? left : right;

    public int CompareTo(Quota other) => Points.CompareTo(other.Points);

    public override string ToString() => Points.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
