using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>The balance of an account when it was last looked at, so that a look after it tells which balances fell.</summary>
[Table("newapi_balance_watch")]
public sealed class BalanceWatchRow
{
    [Column("user_id"), PrimaryKey(0)]
    public long UserId { get; set; }

    [Column("quota")]
    public long Quota { get; set; }
}
