using System.Collections;

namespace NewApi.Domain;

/// <summary>Calls of one built-in tool of an upstream; the tier is <c>quality/size</c> of a generated image when both are known.</summary>
public readonly record struct ToolUse(string Tool, long Calls, string? Tier = null);

/// <summary>The built-in tools that an upstream used for one answer; equal when they list the same calls in the same order.</summary>
public sealed class ToolUses : IReadOnlyList<ToolUse>, IEquatable<ToolUses>
{
    private readonly ToolUse[] _uses;

    private ToolUses(ToolUse[] uses) => _uses = uses;

    public int Count => _uses.Length;

    public ToolUse this[int index] => _uses[index];

    /// <summary>Null when there were no calls.</summary>
    public static ToolUses? Of(string tool, long? calls) => calls is > 0 ? new ToolUses([new ToolUse(tool, calls.Value)]) : null;

    /// <summary>Null when there is nothing in the list.</summary>
    public static ToolUses? Of(IReadOnlyCollection<ToolUse>? uses) => uses is { Count: > 0 } ? new ToolUses([.. uses]) : null;

    /// <summary>The larger figure per tool and tier: two reports of one answer, not two answers.</summary>
    public static ToolUses? Merge(ToolUses? first, ToolUses? later) => Join(first, later, Math.Max);

    /// <summary>The calls of two answers.</summary>
    public static ToolUses? Sum(ToolUses? first, ToolUses? next) => Join(first, next, static (left, right) => checked(left + right));

    private static ToolUses? Join(ToolUses? first, ToolUses? second, Func<long, long, long> join)
    {
        if (first is null || second is null)
        {
            return first ?? second;
        }

        var uses = first._uses.ToList();
        foreach (var use in second._uses)
        {
            var known = uses.FindIndex(candidate => candidate.Tool == use.Tool && candidate.Tier == use.Tier);
            if (known < 0)
            {
                uses.Add(use);
            }
            else
            {
                uses[known] = use with { Calls = join(uses[known].Calls, use.Calls) };
            }
        }

        return new ToolUses([.. uses]);
    }

    public bool Equals(ToolUses? other) => other is not null && _uses.AsSpan().SequenceEqual(other._uses);

    public override bool Equals(object? obj) => Equals(obj as ToolUses);

    public override int GetHashCode() => _uses.Length == 0 ? 0 : HashCode.Combine(_uses.Length, _uses[0]);

    public IEnumerator<ToolUse> GetEnumerator() => _uses.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
