using CsCheck;

namespace NewApi.Protocols.Tests;

/// <summary>One of a few given things.</summary>
internal static class Pick
{
    public static Gen<T> Of<T>(params T[] things) => Gen.Int[0, things.Length - 1].Select(at => things[at]);
}
