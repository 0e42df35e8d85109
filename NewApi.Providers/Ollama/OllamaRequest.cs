using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Ollama;

/// <summary>Requests in Ollama's own words: sampling stands in <c>options</c>, images beside the text, arguments of calls as objects.</summary>
internal static class OllamaRequest
{
    public static JsonObject Chat(ChatRequest request)
    {
        var messages = new JsonArray();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var message in request.Messages)
        {
            Add(messages, message, names);
        }
        var body = new JsonObject { ["model"] = request.Model, ["messages"] = messages, ["stream"] = request.Stream };
        if (request.Tools.Count > 0)
        {
            body["tools"] = new JsonArray([.. request.Tools.Where(tool => tool.BuiltIn is null).Select(Tool)]);
        }
        if (request.Format is { } format)
        {
            body["format"] = format.Schema is { } schema ? JsonObject.Create(schema) : "json";
        }
        if (request.Reasoning?.ToEffort() is { } effort)
        {
            body["think"] = effort switch { "none" => false, "low" or "medium" or "high" when request.Model.Contains("gpt-oss") => effort, _ => true };
        }
        foreach (var (name, value) in request.Extensions)
        {
            if (name is "keep_alive" or "think")
            {
                body[name] = JsonNode.Parse(value.GetRawText());
            }
        }
        var options = request.Extensions.Find(extension => extension.Key == "options").Value is { ValueKind: JsonValueKind.Object } own
            ? JsonObject.Create(own)!
            : [];
        options.Put("num_predict", request.MaxOutput);
        options.Put("temperature", request.Temperature);
        options.Put("top_p", request.TopP);
        options.Put("top_k", request.TopK);
        options.Put("seed", request.Seed);
        options.Put("presence_penalty", request.PresencePenalty);
        options.Put("frequency_penalty", request.FrequencyPenalty);
        options.Put("stop", request.Stop);
        if (options.Count > 0)
        {
            body["options"] = options;
        }
        return body;
    }

    public static JsonObject Generate(JsonObject asked, string model, bool stream)
    {
        var body = new JsonObject { ["model"] = model, ["stream"] = stream };
        Copy(asked, "prompt", body, "prompt");
        if (body["prompt"] is JsonArray { Count: 1 } one)
        {
            body["prompt"] = one[0]!.DeepClone();
        }
        Copy(asked, "suffix", body, "suffix");
        Copy(asked, "keep_alive", body, "keep_alive");
        var options = asked["options"]?.DeepClone() as JsonObject ?? [];
        Copy(asked, "max_tokens", options, "num_predict");
        foreach (var name in (string[])["temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"])
        {
            Copy(asked, name, options, name);
        }
        if (asked["stop"] is { } stop)
        {
            options["stop"] = stop is JsonArray ? stop.DeepClone() : new JsonArray(stop.DeepClone());
        }
        if (options.Count > 0)
        {
            body["options"] = options;
        }
        return body;
    }

    public static JsonObject Embed(JsonObject asked, string model)
    {
        var body = new JsonObject { ["model"] = model };
        Copy(asked, "input", body, "input");
        Copy(asked, "dimensions", body, "dimensions");
        Copy(asked, "keep_alive", body, "keep_alive");
        Copy(asked, "options", body, "options");
        return body;
    }

    private static void Add(JsonArray messages, ChatMessage message, Dictionary<string, string> names)
    {
        if (message.Role == ChatRole.Tool)
        {
            foreach (var result in message.Parts.OfType<ToolResultPart>())
            {
                var answer = new JsonObject { ["role"] = "tool", ["content"] = ChatText.Of(result.Content) };
                if ((result.Name ?? names.GetValueOrDefault(result.CallId)) is { } name)
                {
                    answer["tool_name"] = name;
                }
                messages.Add(answer);
            }
            return;
        }
        var role = message.Role switch { ChatRole.System or ChatRole.Developer => "system", ChatRole.Assistant => "assistant", _ => "user" };
        var said = new JsonObject { ["role"] = role, ["content"] = ChatText.Of(message) };
        if (message.Parts.OfType<ImagePart>().ToList() is { Count: > 0 } images)
        {
            said["images"] = new JsonArray([.. images.Select(image => (JsonNode)(image.Source.Base64
                ?? throw new TranslationException("Ollama takes images as data, not as addresses.")))]);
        }
        if (string.Concat(message.Parts.OfType<ReasoningPart>().Select(part => part.Text)) is { Length: > 0 } thoughts)
        {
            said["thinking"] = thoughts;
        }
        if (message.Parts.OfType<ToolCallPart>().ToList() is { Count: > 0 } calls)
        {
            said["tool_calls"] = new JsonArray([.. calls.Select(call =>
            {
                names[call.Id] = call.Name;
                return new JsonObject { ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = Arguments(call.Arguments) } };
            })]);
        }
        messages.Add(said);
    }

    private static JsonNode Arguments(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            return new JsonObject();
        }
    }

    private static JsonObject Tool(ChatTool tool)
    {
        var function = new JsonObject { ["name"] = tool.Name };
        if (tool.Description is not null)
        {
            function["description"] = tool.Description;
        }
        if (tool.Parameters is { } parameters)
        {
            function["parameters"] = JsonNode.Parse(parameters.GetRawText());
        }
        return new JsonObject { ["type"] = "function", ["function"] = function };
    }

    private static void Copy(JsonObject from, string name, JsonObject to, string target)
    {
        if (from[name] is { } value)
        {
            to[target] = value.DeepClone();
        }
    }
}
