using System.Text;
using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Providers;

/// <summary>
/// What a provider wants different in a request body of a dialect that it otherwise speaks. Rules run in the order of the profile, on
/// requests of the same dialect and on translated ones, never on bodies that a channel passes through.
/// </summary>
/// <param name="Apply">The change; it looks before it writes, so that a body which needs none stays as it is.</param>
public sealed record BodyRule(Action<RequestDraft> Apply)
{
    /// <summary>The dialects it is about; null for all whose body is JSON.</summary>
    public IReadOnlyList<Dialect>? Dialects { get; init; }

    /// <summary>The upstream models it is about; null for all.</summary>
    public Func<string, bool>? Models { get; init; }

    /// <summary>The rule takes a suffix off the model's name.</summary>
    public bool IsSuffix { get; private init; }

    public bool Concerns(Dialect dialect, string model) =>
        (Dialects is null || Dialects.Contains(dialect)) && (Models is null || Models(model));

    public static BodyRule Drop(params string[] names) => Chat(draft =>
    {
        foreach (var name in names)
        {
            draft.Remove(name);
        }
    });

    public static BodyRule Move(string from, string to) => Chat(draft => draft.Move(from, to));

    /// <summary>Sets a member, whatever the caller said.</summary>
    public static BodyRule Set(string name, string json)
    {
        var value = Encoding.UTF8.GetBytes(json);
        return Chat(draft => draft.SetRaw(name, value));
    }

    /// <summary>A number that is too small or too large becomes the nearest that the provider takes.</summary>
    public static BodyRule Clamp(string name, decimal min, decimal max) => Chat(draft =>
    {
        if (draft.Number(name) is { } number && (number < min || number > max))
        {
            draft.Set(name, JsonValue.Create(Math.Clamp(number, min, max)));
        }
    });

    /// <summary>A model name's suffix that is a wish: it is taken off the name and put into the body.</summary>
    public static BodyRule Suffix(string suffix, Action<RequestDraft> wish, Func<string, bool>? models = null) => Chat(draft =>
    {
        draft.Rename(draft.Model[..^suffix.Length]);
        wish(draft);
    }) with
    {
        IsSuffix = true,
        Models = model => model.Length > suffix.Length && model.EndsWith(suffix, StringComparison.Ordinal) && models?.Invoke(model) != false,
    };

    public static BodyRule Chat(Action<RequestDraft> apply) => new(apply) { Dialects = [Dialect.OpenAIChat] };
}
