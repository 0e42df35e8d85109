using System.Text.Json.Nodes;

namespace NewApi.Protocols.Overrides;

/// <summary>Operations on the headers of an attempt.</summary>
internal static class HeaderOperations
{
    public static Action<JsonObject, OverrideContext>? EffectOf(
        string mode, JsonObject json, string path, JsonNode? value, string from, string to, bool keep)
    {
        switch (mode)
        {
            case "set_header":
                Require(path);
                return (_, context) => Set(context, path, value, keep);
            case "delete_header":
                Require(path);
                return (_, context) => Change(context, headers => headers.Remove(path));
            case "copy_header" or "move_header":
                var (source, target) = (from.Length > 0 ? from : path, to.Length > 0 ? to : path);
                Require(source);
                Require(target);
                return (_, context) => Copy(context, source, target, remove: mode == "move_header", keep);
            case "pass_headers":
                var names = Names(value);
                return (_, context) => Pass(context, names, keep);
            case "sync_fields":
                var (left, right) = (Place.Parse(from), Place.Parse(to));
                return (body, context) => Sync(body, context, left, right);
            default:
                return null;
        }
    }

    private static void Require(string name)
    {
        if (name.Length == 0)
        {
            throw new OverrideException("A header operation needs the name of a header.");
        }
    }

    private static void Set(OverrideContext context, string name, JsonNode? value, bool keep)
    {
        if (keep && context.Headers.ContainsKey(name))
        {
            return;
        }

        var text = value switch
        {
            JsonObject map => Replace(context.Header(name) ?? "", map),
            null => null,
            _ => OverrideCondition.TextOf(value) ?? value.ToJsonString(),
        };
        Change(context, headers =>
        {
            if (string.IsNullOrEmpty(text))
            {
                headers.Remove(name);
            }
            else
            {
                headers[name] = text;
            }
        });
    }

    /// <summary>A list such as <c>anthropic-beta</c>, token by token: <c>*</c> stands for any other, null takes a token out.</summary>
    private static string Replace(string current, JsonObject map)
    {
        var tokens = new List<string>();
        foreach (var token in current.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!map.TryGetPropertyValue(token, out var replacement) && !map.TryGetPropertyValue("*", out replacement))
            {
                Add(token);
                continue;
            }

            foreach (var other in replacement is JsonArray several ? several.Select(OverrideCondition.TextOf) : [OverrideCondition.TextOf(replacement)])
            {
                Add(other);
            }
        }

        return string.Join(',', tokens);

        void Add(string? token)
        {
            if (!string.IsNullOrWhiteSpace(token) && !tokens.Contains(token))
            {
                tokens.Add(token);
            }
        }
    }

    private static void Copy(OverrideContext context, string source, string target, bool remove, bool keep)
    {
        if (context.Header(source) is not { } value)
        {
            return;
        }

        Change(context, headers =>
        {
            if (!keep || !headers.ContainsKey(target))
            {
                headers[target] = value;
            }

            if (remove && !source.Equals(target, StringComparison.OrdinalIgnoreCase))
            {
                headers.Remove(source);
            }
        });
    }

    private static void Pass(OverrideContext context, IReadOnlyList<string> names, bool keep) => Change(context, headers =>
    {
        foreach (var name in names)
        {
            if (context.ClientHeaders.TryGetValue(name, out var value) && (!keep || !headers.ContainsKey(name)))
            {
                headers[name] = value;
            }
        }
    });

    private static IReadOnlyList<string> Names(JsonNode? value) => value switch
    {
        JsonArray list => [.. list.Select(OverrideCondition.TextOf).Where(name => !string.IsNullOrWhiteSpace(name)).Select(name => name!.Trim())],
        JsonObject said => Names(said["headers"] ?? said["names"] ?? said["header"]),
        _ when OverrideCondition.TextOf(value) is { Length: > 0 } text =>
            text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        _ => throw new OverrideException("An operation that passes headers needs their names."),
    };

    private static void Sync(JsonObject body, OverrideContext context, Place left, Place right)
    {
        var (first, second) = (left.Read(body, context), right.Read(body, context));
        if (first is not null && second is null)
        {
            right.Write(body, context, first);
        }
        else if (first is null && second is not null)
        {
            left.Write(body, context, second);
        }
    }

    private static void Change(OverrideContext context, Action<Dictionary<string, string>> change)
    {
        change(context.Headers);
        context.HeadersChanged();
    }

    /// <summary>One side of a synchronisation: <c>json:path</c>, <c>header:name</c>, or <c>context:path</c> to read from.</summary>
    private sealed record Place(string Kind, string Name)
    {
        private readonly BodyPath _path = BodyPath.Parse(Name);

        public static Place Parse(string text)
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            var (kind, name) = colon < 0 ? ("json", text) : (text[..colon].Trim(), text[(colon + 1)..].Trim());
            kind = kind == "body" ? "json" : kind;
            return kind is "json" or "header" or "context" && name.Length > 0
                ? new Place(kind, name)
                : throw new OverrideException("A synchronisation names a place that does not exist.");
        }

        public JsonNode? Read(JsonObject body, OverrideContext context) => Kind switch
        {
            "header" => context.Header(Name) is { Length: > 0 } text ? JsonValue.Create(text) : null,
            "context" => context.TryGet(_path, out var field) ? Present(field) : null,
            _ => _path.TryGet(body, out var value) ? Present(value) : null,
        };

        public void Write(JsonObject body, OverrideContext context, JsonNode value)
        {
            if (Kind == "header")
            {
                Change(context, headers => headers[Name] = OverrideCondition.TextOf(value) ?? value.ToJsonString());
            }
            else if (Kind == "json")
            {
                _path.Set(body, value.DeepClone());
            }
        }

        private static JsonNode? Present(JsonNode? node) => OverrideCondition.TextOf(node) is "" ? null : node;
    }
}
