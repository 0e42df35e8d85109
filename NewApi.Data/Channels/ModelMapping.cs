using System.Collections.Frozen;
using System.Text.Json;

namespace NewApi.Data.Channels;

/// <summary>A channel's names of models: from those that callers use to those that its upstream knows (specification: relay §3.7).</summary>
public sealed class ModelMapping
{
    private static readonly ModelMapping Empty = new(FrozenDictionary<string, string>.Empty, broken: false);

    private readonly FrozenDictionary<string, string> _names;
    private readonly bool _broken;

    private ModelMapping(FrozenDictionary<string, string> names, bool broken)
    {
        _names = names;
        _broken = broken;
    }

    /// <summary>Reads <c>channels.model_mapping</c>. What is no JSON object of texts is a mapping that can be followed nowhere.</summary>
    public static ModelMapping Parse(string? json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return Empty;
        }
        try
        {
            using var document = JsonDocument.Parse(json);
            var names = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                names[member.Name] = member.Value.GetString() ?? throw new InvalidOperationException();
            }
            return new ModelMapping(names.ToFrozenDictionary(StringComparer.Ordinal), broken: false);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return new ModelMapping(FrozenDictionary<string, string>.Empty, broken: true);
        }
    }

    /// <summary>Follows the names, one by one; a name that maps to itself ends the chain. False: the mapping is broken, or a circle.</summary>
    public bool TryFollow(string model, out string upstreamModel)
    {
        upstreamModel = model;
        if (_broken)
        {
            return false;
        }
        if (_names.Count == 0)
        {
            return true;
        }
        HashSet<string>? visited = null;
        while (_names.TryGetValue(upstreamModel, out var next) && next.Length > 0 && next != upstreamModel)
        {
            visited ??= new HashSet<string>(StringComparer.Ordinal) { model };
            if (!visited.Add(next))
            {
                return false;
            }
            upstreamModel = next;
        }
        return true;
    }
}
