using System.Text.Json;
using System.Text.Json.Nodes;

namespace NewApi.Protocols.Overrides;

/// <summary>
/// A channel's <c>param_override</c> (specification: relay §3.10): what an operator changes in every body that goes to it. Parsed once;
/// applying it changes nothing in it, so that all calls share it.
/// </summary>
public sealed class ParamOverride
{
    private static readonly JsonDocumentOptions Lenient = new() { MaxDepth = 256 };

    private readonly IReadOnlyList<OverrideOperation> _operations;
    private readonly JsonObject _members;

    private ParamOverride(IReadOnlyList<OverrideOperation> operations, JsonObject members)
    {
        _operations = operations;
        _members = members;
    }

    /// <summary>The body is neither changed nor looked at: it need not be parsed.</summary>
    public bool OnlyHeaders => _members.Count == 0 && _operations.All(operation => operation.OnlyHeaders);

    /// <summary>The text is no override that could be applied; every attempt on the channel fails with this.</summary>
    public static ParamOverride Broken(string problem) =>
        new([OverrideOperation.Failing(problem)], []);

    /// <summary>Reads an override; null when it changes nothing.</summary>
    /// <exception cref="OverrideException">It cannot be read.</exception>
    public static ParamOverride? Parse(string? json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return null;
        }

        JsonNode? root;
        try
        {
            root = JsonNode.Parse(json, documentOptions: Lenient);
        }
        catch (JsonException)
        {
            throw new OverrideException("The parameter override is not valid JSON.");
        }

        return root switch
        {
            null => null,
            JsonObject { Count: 0 } => null,
            JsonObject members => From(members),
            _ => throw new OverrideException("The parameter override is not a JSON object."),
        };
    }

    /// <summary>This override with a template in front: its operations run first, its members count only where there are none.</summary>
    public static ParamOverride? Join(ParamOverride? template, ParamOverride? channel)
    {
        if (template is null || channel is null)
        {
            return channel ?? template;
        }

        var members = (JsonObject)channel._members.DeepClone();
        foreach (var (name, value) in template._members)
        {
            if (!members.ContainsKey(name))
            {
                members[name] = value?.DeepClone();
            }
        }

        return new ParamOverride([.. template._operations, .. channel._operations], members);
    }

    /// <summary>Changes a body, and the headers of the attempt.</summary>
    /// <exception cref="OverrideException">An operation cannot be applied.</exception>
    /// <exception cref="OverrideRefusedException">The override refuses the call.</exception>
    public void Apply(JsonObject body, OverrideContext context)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(context);
        foreach (var operation in _operations)
        {
            operation.Apply(body, context);
        }

        foreach (var (name, value) in _members)
        {
            body[name] = value?.DeepClone();
            context.Applied.Add("set " + name);
        }
    }

    private static ParamOverride From(JsonObject root)
    {
        var members = (JsonObject)root.DeepClone();
        if (root["operations"] is not JsonArray listed || !listed.All(IsOperation))
        {
            return new ParamOverride([], members);
        }

        members.Remove("operations");
        return new ParamOverride([.. listed.Select(operation => OverrideOperation.Read((JsonObject)operation!))], members);
    }

    private static bool IsOperation(JsonNode? node) =>
        node is JsonObject operation && OverrideCondition.TextOf(operation["mode"]) is { Length: > 0 };
}
