using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A ceiling on what a key, a user or a group may spend in a period.</summary>
[Table("newapi_budgets")]
public sealed class BudgetRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("name")]
    public string Name { get; set => field = value ?? ""; } = "";

    /// <summary>The user who may change it; 0 when only administrators may.</summary>
    [Column("owner_id")]
    public long OwnerId { get; set; }

    /// <summary><c>key</c>, <c>user</c> or <c>group</c>.</summary>
    [Column("scope")]
    public string Scope { get; set => field = value ?? ""; } = "";

    /// <summary>Id of the key or user; 0 for a group.</summary>
    [Column("scope_id")]
    public long ScopeId { get; set; }

    /// <summary>The group whose accounts share the budget; empty for a key or user.</summary>
    [Column("scope_group")]
    public string ScopeGroup { get; set => field = value ?? ""; } = "";

    /// <summary>Points for one period.</summary>
    [Column("amount")]
    public long Amount { get; set; }

    /// <summary>Points spent since the last reset.</summary>
    [Column("used")]
    public long Used { get; set; }

    /// <summary>Points taken out by relays and not settled yet.</summary>
    [Column("held")]
    public long Held { get; set; }

    /// <summary><c>never</c>, <c>daily</c>, <c>weekly</c>, <c>monthly</c> or <c>custom</c>.</summary>
    [Column("period")]
    public string Period { get; set => field = value ?? ""; } = "never";

    [Column("custom_seconds")]
    public long CustomSeconds { get; set; }

    [Column("last_reset_time")]
    public long LastResetTime { get; set; }

    /// <summary>Unix seconds; 0 when it never starts again.</summary>
    [Column("next_reset_time")]
    public long NextResetTime { get; set; }

    [Column("enabled")]
    public bool Enabled { get; set; } = true;

    [Column("created_at")]
    public long CreatedAt { get; set; }

    [Column("updated_at")]
    public long UpdatedAt { get; set; }

    /// <summary>Points of this period that were charged beyond what was set aside.</summary>
    [Column("excess")]
    public long Excess { get; set; }

    /// <summary>
    /// What could be spent in this period where that is more than <see cref="Amount"/>: it has been lowered since, was disabled for a while, or
    /// calls of the last period are still to be settled.
    /// </summary>
    [Column("ceiling")]
    public long Ceiling { get; set; }
}
