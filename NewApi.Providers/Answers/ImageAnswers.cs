using System.Text.Json.Nodes;

namespace NewApi.Providers.Answers;

/// <summary>Requests for images and answers to them, as OpenAI writes them.</summary>
internal static class ImageAnswers
{
    /// <param name="images">Each an address (<c>url</c>) or its data (<c>b64_json</c>).</param>
    /// <param name="clock">The clock.</param>
    public static JsonObject Of(IEnumerable<(string Kind, string Value)> images, TimeProvider clock) => new()
    {
        ["created"] = clock.GetUtcNow().ToUnixTimeSeconds(),
        ["data"] = new JsonArray([.. images.Select(image => new JsonObject { [image.Kind] = image.Value })]),
    };

    /// <summary><c>1024x768</c>; null for <c>auto</c> and anything else.</summary>
    public static (int Width, int Height)? SizeOf(JsonObject asked) =>
        asked["size"]?.ToString().Split('x', '*') is [var width, var height] && int.TryParse(width, out var w) && int.TryParse(height, out var h)
            ? (w, h)
            : null;

    public static void Copy(JsonObject from, JsonObject to, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (from[name] is { } value)
            {
                to[name] = value.DeepClone();
            }
        }
    }
}
