using NewApi.Data.Rows;
using NewApi.Domain.Funding;

namespace NewApi.AdminService.Budgets;

/// <summary>A budget and what is used of it in the running period.</summary>
internal sealed record BudgetView
{
    public long Id { get; init; }

    public required string Name { get; init; }

    /// <summary><c>key</c>, <c>user</c> or <c>group</c>.</summary>
    public required string Scope { get; init; }

    public long ScopeId { get; init; }

    public required string ScopeGroup { get; init; }

    public long OwnerId { get; init; }

    public long Amount { get; init; }

    public long Used { get; init; }

    /// <summary>Set aside for calls under way.</summary>
    public long Held { get; init; }

    public required string Period { get; init; }

    public long CustomSeconds { get; init; }

    public long NextResetTime { get; init; }

    public bool Enabled { get; init; }

    public long CreatedAt { get; init; }

    /// <summary>A period that is over is shown as over, although the row starts the next one only when somebody spends.</summary>
    public static BudgetView Of(BudgetRow row, long now, TimeZoneInfo zone)
    {
        var over = row.NextResetTime > 0 && row.NextResetTime <= now;
        return new BudgetView
        {
            Id = row.Id,
            Name = row.Name,
            Scope = row.Scope,
            ScopeId = row.ScopeId,
            ScopeGroup = row.ScopeGroup,
            OwnerId = row.OwnerId,
            Amount = row.Amount,
            Used = over ? 0 : row.Used,
            Held = row.Held,
            Period = row.Period,
            CustomSeconds = row.CustomSeconds,
            NextResetTime = over ? new ResetPeriod(row.Period, row.CustomSeconds).Next(row.NextResetTime, now, 0, zone) : row.NextResetTime,
            Enabled = row.Enabled,
            CreatedAt = row.CreatedAt,
        };
    }
}

/// <summary>A new budget, or the changes of one: what is absent stays. The scope is fixed at creation.</summary>
internal sealed record BudgetRequest
{
    public long Id { get; init; }

    public string? Name { get; init; }

    public string? Scope { get; init; }

    public long ScopeId { get; init; }

    public string? ScopeGroup { get; init; }

    public long? Amount { get; init; }

    public string? Period { get; init; }

    public long? CustomSeconds { get; init; }

    public bool? Enabled { get; init; }
}
