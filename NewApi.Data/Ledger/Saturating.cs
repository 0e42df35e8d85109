using LinqToDB;

namespace NewApi.Data.Ledger;

/// <summary>
/// Sums of columns that cannot overflow: beyond four quintillion points nothing more is added, and below its negative nothing more is taken
/// away. No honest balance comes near; a column that somebody has filled to the brim must not make the database refuse a transaction that
/// holds the charges of others as well.
/// </summary>
internal static class Saturating
{
    private const string Text =
        "CASE WHEN ({0} > 4000000000000000000 AND {1} > 0) OR ({0} < -4000000000000000000 AND {1} < 0) THEN {0} ELSE {0} + {1} END";

    /// <summary>In queries: <paramref name="column"/> and <paramref name="points"/>, of which the latter is no more than any charge or gift.</summary>
    [Sql.Expression(Text, ServerSideOnly = true)]
    public static long Add(long column, long points) => throw new InvalidOperationException("Only inside queries.");

    /// <summary>In the text of a statement: sets <paramref name="column"/> to what it is and the parameter <paramref name="points"/>.</summary>
    public static string Raise(string column, string points) => $"{column} = {Text.Replace("{0}", column).Replace("{1}", points)}";

    /// <summary>In the text of a statement: takes the parameter <paramref name="points"/> away from <paramref name="column"/>.</summary>
    public static string Lower(string column, string points) => Raise(column, $"(-{points})");
}
