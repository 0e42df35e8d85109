using System.Text.Json.Nodes;

namespace NewApi.AdminService.Tests;

/// <summary>
/// Compares an answer with the JSON a client expects: every member, and no other. A text <c>"*"</c> in the expectation stands for any value,
/// <c>"#"</c> for any number.
/// </summary>
internal static class JsonShape
{
    public static void Equal(string expected, string actual) => Compare(JsonNode.Parse(expected), JsonNode.Parse(actual), "$");

    private static void Compare(JsonNode? expected, JsonNode? actual, string path)
    {
        if (expected is JsonValue any && any.TryGetValue<string>(out var text))
        {
            if (text == "*")
            {
                return;
            }
            if (text == "#")
            {
                Assert.True(actual is JsonValue number && number.GetValueKind() == System.Text.Json.JsonValueKind.Number, $"{path} is no number: {actual}");
                return;
            }
        }
        switch (expected)
        {
            case JsonObject members:
                var found = Assert.IsType<JsonObject>(actual);
                var missing = members.Select(member => member.Key).Except(found.Select(member => member.Key)).ToList();
                var surplus = found.Select(member => member.Key).Except(members.Select(member => member.Key)).ToList();
                Assert.True(missing.Count + surplus.Count == 0, $"{path}: missing [{string.Join(", ", missing)}], surplus [{string.Join(", ", surplus)}]");
                foreach (var (name, value) in members)
                {
                    Compare(value, found[name], $"{path}.{name}");
                }
                break;
            case JsonArray items:
                var list = Assert.IsType<JsonArray>(actual);
                Assert.True(items.Count == list.Count, $"{path} has {list.Count} items instead of {items.Count}: {list}");
                for (var i = 0; i < items.Count; i++)
                {
                    Compare(items[i], list[i], $"{path}[{i}]");
                }
                break;
            default:
                Assert.True(JsonNode.DeepEquals(expected, actual), $"{path} is {actual?.ToJsonString() ?? "null"} instead of {expected?.ToJsonString() ?? "null"}");
                break;
        }
    }
}
