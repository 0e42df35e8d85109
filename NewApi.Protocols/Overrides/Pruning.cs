using System.Text.Json.Nodes;

namespace NewApi.Protocols.Overrides;

/// <summary><c>prune_objects</c>: takes objects that match out of arrays and members; the root itself always stays.</summary>
internal sealed record Pruning(IReadOnlyList<OverrideCondition> Conditions, bool All, bool Recursive)
{
    public static Action<JsonObject, OverrideContext> Read(BodyPath path, JsonNode? value)
    {
        var pruning = Read(value);
        return (body, context) =>
        {
            if (path.TryGet(body, out var root) && root is not null)
            {
                pruning.Walk(root, context);
            }
        };
    }

    private static Pruning Read(JsonNode? value)
    {
        if (OverrideCondition.TextOf(value) is { Length: > 0 } type)
        {
            return new Pruning([OfType(type)], true, true);
        }

        if (value is not JsonObject rule)
        {
            throw new OverrideException("Pruning needs a type or conditions.");
        }

        List<OverrideCondition> conditions = [];
        if (OverrideCondition.TextOf(rule["type"]) is { Length: > 0 } named)
        {
            conditions.Add(OfType(named));
        }

        conditions.AddRange(OverrideCondition.ReadAll(rule["where"]));
        conditions.AddRange(OverrideCondition.ReadAll(rule["conditions"]));
        if (conditions.Count == 0)
        {
            throw new OverrideException("Pruning needs a type or conditions.");
        }

        return new Pruning(
            conditions,
            OverrideOperation.IsAll(rule["logic"], otherwise: true),
            rule["recursive"] is null || OverrideCondition.IsTrue(rule["recursive"]));
    }

    private static OverrideCondition OfType(string type) => new(BodyPath.Parse("type"), "full", JsonValue.Create(type), false, false);

    private void Walk(JsonNode node, OverrideContext context)
    {
        if (node is JsonArray items)
        {
            for (var i = items.Count - 1; i >= 0; i--)
            {
                if (Matches(items[i], context))
                {
                    items.RemoveAt(i);
                }
                else if (Recursive && items[i] is { } item)
                {
                    Walk(item, context);
                }
            }
        }
        else if (node is JsonObject members)
        {
            foreach (var (name, member) in members.ToList())
            {
                if (Matches(member, context))
                {
                    members.Remove(name);
                }
                else if (Recursive && member is not null)
                {
                    Walk(member, context);
                }
            }
        }
    }

    /// <summary>An object is judged by its own members only: a member that it lacks is no match, whatever the context holds.</summary>
    private bool Matches(JsonNode? node, OverrideContext context)
    {
        if (node is not JsonObject candidate)
        {
            return false;
        }

        foreach (var condition in Conditions)
        {
            var holds = condition.Path.TryGet(candidate, out var found)
                ? SameKind(found, condition.Value) && condition.Test(candidate, context)
                : condition.PassMissing;
            if (holds != All)
            {
                return !All;
            }
        }

        return All;
    }

    /// <summary>While walking a whole body a member of another type is simply another object.</summary>
    private static bool SameKind(JsonNode? found, JsonNode? value) =>
        found is null || value is null || found.GetType() == value.GetType() || found.GetValueKind() == value.GetValueKind();
}
