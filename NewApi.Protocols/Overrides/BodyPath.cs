using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace NewApi.Protocols.Overrides;

/// <summary>
/// A dotted path into a JSON body: members by name, array elements by number, negative numbers from the end; <c>\.</c> is a dot within a
/// name. <c>messages.-1.content</c>
/// </summary>
internal sealed class BodyPath
{
    private const int LargestGap = 1024;

    private readonly string[] _steps;

    private BodyPath(string[] steps) => _steps = steps;

    public bool IsRoot => _steps.Length == 0;

    public static BodyPath Parse(string text)
    {
        if (text.Length == 0)
        {
            return new BodyPath([]);
        }

        var steps = new List<string>();
        var step = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
            {
                step.Append(text[++i]);
            }
            else if (text[i] == '.')
            {
                steps.Add(step.ToString());
                step.Clear();
            }
            else
            {
                step.Append(text[i]);
            }
        }

        steps.Add(step.ToString());
        return new BodyPath([.. steps]);
    }

    /// <summary>The value at the path; false when there is none (a JSON null is a value).</summary>
    public bool TryGet(JsonNode? root, out JsonNode? value)
    {
        value = root;
        foreach (var step in _steps)
        {
            switch (value)
            {
                case JsonObject members when members.TryGetPropertyValue(step, out var member):
                    value = member;
                    break;
                case JsonArray items when TryIndex(items, step, out var index) && index < items.Count:
                    value = items[index];
                    break;
                default:
                    value = null;
                    return false;
            }
        }

        return true;
    }

    /// <summary>Writes a value; objects on the way are made, an array grows by one element at most for its end.</summary>
    public void Set(JsonNode root, JsonNode? value)
    {
        if (IsRoot)
        {
            throw new OverrideException("An operation needs a path.");
        }

        var at = root;
        for (var i = 0; i + 1 < _steps.Length; i++)
        {
            at = Child(at, _steps[i], _steps[i + 1]);
        }

        switch (at)
        {
            case JsonObject members:
                members[_steps[^1]] = value;
                break;
            case JsonArray items when TryIndex(items, _steps[^1], out var index):
                Put(items, index, value);
                break;
            default:
                throw new OverrideException("A path leads through a value that has no members.");
        }
    }

    public void Remove(JsonNode root)
    {
        if (IsRoot || !new BodyPath(_steps[..^1]).TryGet(root, out var parent))
        {
            return;
        }

        if (parent is JsonObject members)
        {
            members.Remove(_steps[^1]);
        }
        else if (parent is JsonArray items && TryIndex(items, _steps[^1], out var index) && index < items.Count)
        {
            items.RemoveAt(index);
        }
    }

    private static JsonNode Child(JsonNode at, string step, string next)
    {
        switch (at)
        {
            case JsonObject members:
                if (members[step] is not { } child)
                {
                    members[step] = child = IsIndex(next) ? new JsonArray() : new JsonObject();
                }

                return child;
            case JsonArray items when TryIndex(items, step, out var index):
                if (index >= items.Count || items[index] is not { } item)
                {
                    item = IsIndex(next) ? new JsonArray() : new JsonObject();
                    Put(items, index, item);
                }

                return item;
            default:
                throw new OverrideException("A path leads through a value that has no members.");
        }
    }

    private static void Put(JsonArray items, int index, JsonNode? value)
    {
        if (index < items.Count)
        {
            items[index] = value;
            return;
        }

        if (index - items.Count > LargestGap)
        {
            throw new OverrideException("A path names an array element far beyond the end.");
        }

        while (items.Count < index)
        {
            items.Add(null);
        }

        items.Add(value);
    }

    private static bool IsIndex(string step) => int.TryParse(step, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static bool TryIndex(JsonArray items, string step, out int index)
    {
        if (!int.TryParse(step, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index))
        {
            return false;
        }

        if (index < 0)
        {
            index += items.Count;
        }

        return index >= 0;
    }
}
