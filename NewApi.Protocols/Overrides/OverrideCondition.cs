using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NewApi.Protocols.Overrides;

/// <summary>One test on the outgoing body or on the context of the attempt.</summary>
internal sealed record OverrideCondition(BodyPath Path, string Mode, JsonNode? Value, bool Invert, bool PassMissing)
{
    /// <summary>Reads <c>conditions</c>: an array of tests, or an object whose members are equalities.</summary>
    public static IReadOnlyList<OverrideCondition> ReadAll(JsonNode? node)
    {
        switch (node)
        {
            case null:
                return [];
            case JsonObject pairs:
                return [.. pairs.Select(pair => new OverrideCondition(BodyPath.Parse(pair.Key), "full", pair.Value, false, false))];
            case JsonArray tests:
                return [.. tests.Select(Read)];
            default:
                throw new OverrideException("The conditions of an operation are neither an array nor an object.");
        }
    }

    /// <summary>All conditions, or any of them. None at all holds.</summary>
    public static bool Holds(IReadOnlyList<OverrideCondition> conditions, bool all, JsonNode body, OverrideContext context)
    {
        if (conditions.Count == 0)
        {
            return true;
        }

        foreach (var condition in conditions)
        {
            if (condition.Test(body, context) != all)
            {
                return !all;
            }
        }

        return all;
    }

    /// <summary>The test against one object only, for pruning.</summary>
    public bool Test(JsonNode body, OverrideContext context)
    {
        if (!Path.TryGet(body, out var found) && !context.TryGet(Path, out found))
        {
            return PassMissing;
        }

        return Compare(found) != Invert;
    }

    private static OverrideCondition Read(JsonNode? node)
    {
        if (node is not JsonObject test || TextOf(test["path"]) is not { } path)
        {
            throw new OverrideException("A condition needs a path.");
        }

        return new OverrideCondition(
            BodyPath.Parse(path), TextOf(test["mode"]) ?? "full", test["value"], IsTrue(test["invert"]), IsTrue(test["pass_missing_key"]));
    }

    private bool Compare(JsonNode? found) => Mode switch
    {
        "full" => Equal(found, Value),
        "prefix" => Form(found).StartsWith(Form(Value), StringComparison.Ordinal),
        "suffix" => Form(found).EndsWith(Form(Value), StringComparison.Ordinal),
        "contains" => Form(found).Contains(Form(Value), StringComparison.Ordinal),
        "gt" => Number(found) > Number(Value),
        "gte" => Number(found) >= Number(Value),
        "lt" => Number(found) < Number(Value),
        "lte" => Number(found) <= Number(Value),
        _ => throw new OverrideException("A condition has a mode that is not known."),
    };

    private static bool Equal(JsonNode? left, JsonNode? right)
    {
        if (left is null || right is null)
        {
            return left is null && right is null;
        }

        var kinds = (Kind(left), Kind(right));
        if (kinds.Item1 != kinds.Item2)
        {
            throw new OverrideException("A condition compares values of different types.");
        }

        return kinds.Item1 == JsonValueKind.Number ? Number(left) == Number(right) : JsonNode.DeepEquals(left, right);
    }

    /// <summary>Both booleans are one kind.</summary>
    private static JsonValueKind Kind(JsonNode node) => node.GetValueKind() is JsonValueKind.False ? JsonValueKind.True : node.GetValueKind();

    private static string Form(JsonNode? node) => TextOf(node) ?? node?.ToJsonString() ?? "";

    private static decimal Number(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number
        && decimal.TryParse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new OverrideException("A condition compares something that is no number.");

    internal static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    internal static bool IsTrue(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;
}
