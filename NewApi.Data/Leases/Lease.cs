namespace NewApi.Data.Leases;

/// <summary>The right to do a piece of work for now. Whoever holds it next has a higher fence.</summary>
/// <param name="Name">What the right is for, such as <c>job/audit-ledger</c>.</param>
/// <param name="Holder">Who has it, for people to read.</param>
/// <param name="Fence">Grows with every new holder: a write that names an old fence comes from somebody who lost the right.</param>
public sealed record Lease(string Name, string Holder, long Fence);
