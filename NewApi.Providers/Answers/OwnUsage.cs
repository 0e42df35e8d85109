using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.Providers.Answers;

/// <summary>Usage and optional members as the providers' own formats have them.</summary>
internal static class OwnUsage
{
    /// <summary>Input and output; where only a total is told besides one of them, the other follows.</summary>
    public static Usage Of(JsonElement? usage, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output, ReadOnlySpan<byte> total = default)
    {
        var (asked, given) = (Count(usage, input), Count(usage, output));
        if (total.Length > 0 && Count(usage, total) is { } all)
        {
            given ??= all - (asked ?? 0);
            asked ??= all - given;
        }
        return new Usage { Input = asked, Output = given };
    }

    public static long? Count(JsonElement? holder, ReadOnlySpan<byte> name) =>
        holder?.Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDecimal(out var number) && number >= 0 ? (long)number : null;

    /// <summary>Sets a member that the caller has set.</summary>
    public static void Put(this JsonObject body, string name, decimal? value)
    {
        if (value is not null)
        {
            body[name] = value;
        }
    }

    public static void Put(this JsonObject body, string name, IReadOnlyCollection<string> values)
    {
        if (values.Count > 0)
        {
            body[name] = new JsonArray([.. values.Select(value => (JsonNode)value)]);
        }
    }
}
