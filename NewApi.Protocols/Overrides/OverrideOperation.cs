using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NewApi.Domain;

namespace NewApi.Protocols.Overrides;

/// <summary>One operation of an override: what it does, and when.</summary>
internal sealed class OverrideOperation
{
    private static readonly TimeSpan RegexPatience = TimeSpan.FromSeconds(1);

    private readonly Action<JsonObject, OverrideContext> _effect;
    private readonly IReadOnlyList<OverrideCondition> _conditions;
    private readonly bool _all;
    private readonly string _name;

    private OverrideOperation(string name, Action<JsonObject, OverrideContext> effect, IReadOnlyList<OverrideCondition> conditions, bool all)
    {
        _name = name;
        _effect = effect;
        _conditions = conditions;
        _all = all;
    }

    /// <summary>Neither changes the body nor looks at it.</summary>
    public bool OnlyHeaders { get; private init; }

    public static OverrideOperation Failing(string problem) => new("", (_, _) => throw new OverrideException(problem), [], true);

    public static OverrideOperation Read(JsonObject json)
    {
        var mode = OverrideCondition.TextOf(json["mode"])!;
        var conditions = OverrideCondition.ReadAll(json["conditions"]);
        return new OverrideOperation(NameOf(mode, json), EffectOf(mode, json), conditions, IsAll(json["logic"], otherwise: false))
        {
            OnlyHeaders = conditions.Count == 0 && mode is ("set_header" or "delete_header" or "copy_header" or "move_header" or "pass_headers"),
        };
    }

    public void Apply(JsonObject body, OverrideContext context)
    {
        if (OverrideCondition.Holds(_conditions, _all, body, context))
        {
            _effect(body, context);
            context.Applied.Add(_name);
        }
    }

    /// <summary>What it does and where, for the log: no values, which are the operator's own.</summary>
    private static string NameOf(string mode, JsonObject json)
    {
        string?[] places = [OverrideCondition.TextOf(json["path"]), mode is "move" or "copy" or "move_header" or "copy_header" ? OverrideCondition.TextOf(json["from"]) : null];
        return string.Join(' ', places.Where(place => !string.IsNullOrEmpty(place)).Prepend(mode));
    }

    private static Action<JsonObject, OverrideContext> EffectOf(string mode, JsonObject json)
    {
        var pathText = OverrideCondition.TextOf(json["path"]) ?? "";
        var path = BodyPath.Parse(pathText);
        var value = json["value"];
        var keep = OverrideCondition.IsTrue(json["keep_origin"]);
        var from = OverrideCondition.TextOf(json["from"]) ?? "";
        var to = OverrideCondition.TextOf(json["to"]) ?? "";
        switch (mode)
        {
            case "set":
                return (body, _) =>
                {
                    if (!keep || !path.TryGet(body, out var there))
                    {
                        path.Set(body, value?.DeepClone());
                    }
                };
            case "delete":
                return (body, _) => path.Remove(body);
            case "move" or "copy":
                return Transfer(BodyPath.Parse(from), BodyPath.Parse(to), remove: mode == "move", keep);
            case "prepend" or "append":
                return (body, _) => Extend(body, path, value, front: mode == "prepend", keep);
            case "trim_prefix":
                return OnText(path, text => Cut(text, Operand(value), front: true));
            case "trim_suffix":
                return OnText(path, text => Cut(text, Operand(value), front: false));
            case "ensure_prefix":
                return OnText(path, text => text.StartsWith(Operand(value), StringComparison.Ordinal) ? text : Operand(value) + text);
            case "ensure_suffix":
                return OnText(path, text => text.EndsWith(Operand(value), StringComparison.Ordinal) ? text : text + Operand(value));
            case "trim_space":
                return OnText(path, text => text.Trim());
            case "to_lower":
                return OnText(path, text => text.ToLowerInvariant());
            case "to_upper":
                return OnText(path, text => text.ToUpperInvariant());
            case "replace":
                return from.Length > 0
                    ? OnText(path, text => text.Replace(from, to, StringComparison.Ordinal))
                    : throw new OverrideException("A replacement needs a text to look for.");
            case "regex_replace":
                var pattern = Pattern(from);
                return OnText(path, text => pattern.Replace(text, to));
            case "prune_objects":
                return Pruning.Read(path, value);
            case "return_error":
                var refusal = Refusal(value);
                return (_, _) => throw new OverrideRefusedException(refusal);
            default:
                return HeaderOperations.EffectOf(mode, json, pathText, value, from, to, keep)
                    ?? throw new OverrideException("An operation has a mode that is not known.");
        }
    }

    internal static bool IsAll(JsonNode? logic, bool otherwise) =>
        OverrideCondition.TextOf(logic) is { Length: > 0 } word ? word.Equals("AND", StringComparison.OrdinalIgnoreCase) : otherwise;

    /// <summary>Linear in the text, as the language of these patterns promises.</summary>
    internal static Regex Pattern(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, RegexPatience);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw new OverrideException("A pattern cannot be read.");
        }
    }

    private static Action<JsonObject, OverrideContext> Transfer(BodyPath from, BodyPath to, bool remove, bool keep) => (body, _) =>
    {
        if (!from.TryGet(body, out var moved))
        {
            throw new OverrideException("An operation moves or copies a value that is not there.");
        }

        if (keep && to.TryGet(body, out var there))
        {
            return;
        }

        moved = moved?.DeepClone();
        if (remove)
        {
            from.Remove(body);
        }

        to.Set(body, moved);
    };

    private static void Extend(JsonObject body, BodyPath path, JsonNode? value, bool front, bool keep)
    {
        if (!path.TryGet(body, out var there))
        {
            throw new OverrideException("An operation extends a value that is not there.");
        }

        switch (there)
        {
            case JsonArray items:
                var added = value is JsonArray several ? [.. several.Select(item => item?.DeepClone())] : new[] { value?.DeepClone() };
                for (var i = 0; i < added.Length; i++)
                {
                    items.Insert(front ? i : items.Count, added[i]);
                }

                break;
            case JsonObject members when value is JsonObject more:
                foreach (var (name, member) in more)
                {
                    if (!keep || !members.ContainsKey(name))
                    {
                        members[name] = member?.DeepClone();
                    }
                }

                break;
            default:
                var text = OverrideCondition.TextOf(there) ?? throw new OverrideException("An operation extends a value that cannot be extended.");
                path.Set(body, front ? Operand(value) + text : text + Operand(value));
                break;
        }
    }

    private static Action<JsonObject, OverrideContext> OnText(BodyPath path, Func<string, string> change) => (body, _) =>
    {
        if (!path.TryGet(body, out var there) || OverrideCondition.TextOf(there) is not { } text)
        {
            throw new OverrideException("A text operation names a value that is no text.");
        }

        path.Set(body, change(text));
    };

    private static string Operand(JsonNode? value) =>
        OverrideCondition.TextOf(value) ?? value?.ToJsonString() ?? throw new OverrideException("An operation needs a value.");

    private static string Cut(string text, string end, bool front) =>
        front
            ? text.StartsWith(end, StringComparison.Ordinal) ? text[end.Length..] : text
            : text.EndsWith(end, StringComparison.Ordinal) ? text[..^end.Length] : text;

    private static RelayFault Refusal(JsonNode? value)
    {
        if (OverrideCondition.TextOf(value) is { Length: > 0 } text)
        {
            return new RelayFault(400, "invalid_request", text) { Type = "invalid_request_error", Final = true };
        }

        if (value is not JsonObject said || (OverrideCondition.TextOf(said["message"]) ?? OverrideCondition.TextOf(said["msg"])) is not { Length: > 0 } message)
        {
            throw new OverrideException("A refusal needs a message.");
        }

        var status = (said["status_code"] ?? said["status"]) is JsonValue number && number.TryGetValue<int>(out var given) ? given : 400;
        if (status is < 100 or > 511)
        {
            throw new OverrideException("A refusal has a status that does not exist.");
        }

        return new RelayFault(status, OverrideCondition.TextOf(said["code"]) ?? "invalid_request", message)
        {
            Type = OverrideCondition.TextOf(said["type"]) ?? "invalid_request_error",
            Final = said["skip_retry"] is null || OverrideCondition.IsTrue(said["skip_retry"]),
        };
    }
}
