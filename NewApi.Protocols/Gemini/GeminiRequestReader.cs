using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// Reads a request for generated content, in either spelling:
/// <code>
/// {"systemInstruction":{"parts":[{"text":"…"}]},
///  "contents":[{"role":"user","parts":[{"text":"…"},{"inlineData":{"mimeType":"image/png","data":"…"}}]},
///              {"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"…"}]},
///              {"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}],
///  "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT"}}]},{"googleSearch":{}}],
///  "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
///  "generationConfig":{"maxOutputTokens":9,"thinkingConfig":{"thinkingBudget":-1}}}
/// </code>
/// </summary>
internal sealed class GeminiRequestReader(ChatRequest request)
{
    /// <summary>Calls without an answer yet: results name the function, and the call only in the newest models.</summary>
    private readonly List<(string Name, string Id)> _open = [];
    private int _calls;
    private ChatMessage? _current;

    public static ChatRequest Read(JsonElement body, string model, bool stream)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("The body must be a JSON object.");
        }

        var request = new ChatRequest { Model = model, Stream = stream };
        new GeminiRequestReader(request).Read(body);
        return request;
    }

    private void Read(JsonElement body)
    {
        if (body.Text(GeminiJson.Of(body, "cachedContent"u8, "cached_content"u8)) is { Length: > 0 })
        {
            throw new TranslationException("'cachedContent' is kept by Google, and this model is served by another provider: send the content itself.");
        }

        if (body.Find(GeminiJson.Of(body, "systemInstruction"u8, "system_instruction"u8)) is { } system)
        {
            ReadSystem(system);
        }

        switch (body.Find("contents"u8))
        {
            case { ValueKind: JsonValueKind.Array } contents:
                foreach (var content in contents.EnumerateArray())
                {
                    ReadContent(content);
                }

                break;
            case { } content:
                ReadContent(content);
                break;
        }

        ReadTools(body);
        ReadToolConfig(body);
        var config = GeminiJson.Of(body, "generationConfig"u8, "generation_config"u8);
        if (body.Object(config) is { } generation)
        {
            ReadConfig(generation);
        }

        foreach (var member in body.EnumerateObject())
        {
            if (member.Name is "safetySettings" or "safety_settings" or "labels" or "serviceTier" or "service_tier")
            {
                request.Extensions.Add(new(member.Name, member.Value));
            }
        }
    }

    private void ReadSystem(JsonElement system)
    {
        if (system.ValueKind == JsonValueKind.String)
        {
            request.Messages.Add(new ChatMessage(ChatRole.System, [new TextPart(system.GetString()!)]));
            return;
        }

        var texts = new List<ChatPart>();
        foreach (var part in Parts(system))
        {
            if (part.Word("text"u8) is { Length: > 0 } text)
            {
                texts.Add(new TextPart(text));
            }
        }

        if (texts.Count > 0)
        {
            request.Messages.Add(new ChatMessage(ChatRole.System, texts));
        }
    }

    private static IEnumerable<JsonElement> Parts(JsonElement content) => content.Find("parts"u8) switch
    {
        { ValueKind: JsonValueKind.Array } parts => parts.EnumerateArray(),
        { ValueKind: JsonValueKind.Object } part => [part],
        _ => [],
    };

    private void ReadContent(JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            request.Messages.Add(new ChatMessage(ChatRole.User, [new TextPart(content.GetString()!)]));
            return;
        }

        if (content.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("Each of 'contents' must be an object.");
        }

        _current = null;
        var role = content.Word("role"u8) == "model" ? ChatRole.Assistant : ChatRole.User;
        foreach (var part in Parts(content))
        {
            if (part.ValueKind != JsonValueKind.Object)
            {
                throw new TranslationException("Each of 'parts' must be an object.");
            }

            if (part.Object(GeminiJson.Of(part, "functionResponse"u8, "function_response"u8)) is { } response)
            {
                Add(ChatRole.Tool, ReadResponse(response));
                continue;
            }

            foreach (var read in ReadPart(part))
            {
                Add(role, read);
            }
        }
    }

    /// <summary>Parts of one content and one role are one message; a content with results and text becomes two.</summary>
    private void Add(ChatRole role, ChatPart part)
    {
        if (_current?.Role != role)
        {
            request.Messages.Add(_current = new ChatMessage(role, []));
        }

        _current.Parts.Add(part);
    }

    private IEnumerable<ChatPart> ReadPart(JsonElement part)
    {
        var proof = part.Word(GeminiJson.Of(part, "thoughtSignature"u8, "thought_signature"u8));
        if (part.Object(GeminiJson.Of(part, "functionCall"u8, "function_call"u8)) is { } call)
        {
            yield return ReadCall(call, proof);
            yield break;
        }

        var (signature, encrypted) = GeminiSignature.Unwrap(proof);
        if (encrypted is not null)
        {
            yield return new ReasoningPart("") { Encrypted = encrypted };
        }

        if (part.Text("text"u8) is { } text)
        {
            if (part.Find("thought"u8) is { ValueKind: JsonValueKind.True })
            {
                if (text.Length > 0 || signature is not null)
                {
                    yield return new ReasoningPart(text) { Signature = signature };
                }

                yield break;
            }

            if (text.Length > 0)
            {
                yield return new TextPart(text);
            }
        }
        else if (part.Object(GeminiJson.Of(part, "inlineData"u8, "inline_data"u8)) is { } inline)
        {
            var type = MimeType(inline);
            yield return Media(type, new MediaSource { MimeType = type, Base64 = inline.Text("data"u8) ?? "" }, Name(inline));
        }
        else if (part.Object(GeminiJson.Of(part, "fileData"u8, "file_data"u8)) is { } file)
        {
            var type = MimeType(file);
            var address = file.Text(GeminiJson.Of(file, "fileUri"u8, "file_uri"u8))
                ?? throw new TranslationException("'fileData' needs a 'fileUri'.");
            yield return Media(type, new MediaSource { MimeType = type, Url = address }, Name(file));
        }
        else if (part.Object(GeminiJson.Of(part, "executableCode"u8, "executable_code"u8)) is { } code)
        {
            yield return new TextPart(GeminiCode.Block(code.Word("language"u8), code.Word("code"u8)));
        }
        else if (part.Object(GeminiJson.Of(part, "codeExecutionResult"u8, "code_execution_result"u8)) is { } result)
        {
            yield return new TextPart(GeminiCode.Block(GeminiCode.Output, result.Word("output"u8)));
        }

        if (signature is not null)
        {
            yield return new ReasoningPart("") { Signature = signature };
        }
    }

    private static string? MimeType(JsonElement data) => data.Text(GeminiJson.Of(data, "mimeType"u8, "mime_type"u8));

    private static string? Name(JsonElement data) => data.Word(GeminiJson.Of(data, "displayName"u8, "display_name"u8));

    private static ChatPart Media(string? mimeType, MediaSource source, string? name) => mimeType?.Split('/')[0] switch
    {
        "image" => new ImagePart(source),
        "audio" => new AudioPart(source),
        "video" => new VideoPart(source),
        _ => new FilePart(source) { Name = name },
    };

    private ToolCallPart ReadCall(JsonElement call, string? signature)
    {
        var name = call.Text("name"u8) ?? throw new TranslationException("'functionCall' needs a 'name'.");
        var id = call.Text("id"u8) is { Length: > 0 } given ? given : $"call_{++_calls}";
        _open.Add((name, id));
        return new ToolCallPart(id, name, call.Object("args"u8)?.GetRawText() ?? "{}") { Signature = signature };
    }

    private ToolResultPart ReadResponse(JsonElement response)
    {
        var name = response.Text("name"u8) ?? "";
        var id = response.Text("id"u8);
        var at = _open.FindIndex(open => id is { Length: > 0 } ? open.Id == id : open.Name == name);
        if (at < 0 && id is not { Length: > 0 } && _open.Count > 0)
        {
            at = 0;
        }

        if (at >= 0)
        {
            (name, id) = (name.Length > 0 ? name : _open[at].Name, _open[at].Id);
            _open.RemoveAt(at);
        }

        var (text, failed) = Content(response.Find("response"u8));
        var content = new List<ChatPart> { new TextPart(text) };
        foreach (var part in response.Items("parts"u8))
        {
            if (part.ValueKind == JsonValueKind.Object)
            {
                content.AddRange(ReadPart(part));
            }
        }

        return new ToolResultPart(id is { Length: > 0 } ? id : $"call_{++_calls}", content) { Name = name, IsError = failed };
    }

    /// <summary>An object with one text of the customary names is that text; anything else stays JSON.</summary>
    private static (string Text, bool Failed) Content(JsonElement? response)
    {
        if (response is not { } value)
        {
            return ("", false);
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            return (value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText(), false);
        }

        var members = value.EnumerateObject();
        if (members.MoveNext() && members.Current is var only && !members.MoveNext())
        {
            var failed = only.NameEquals("error"u8);
            if (failed || only.NameEquals("content"u8) || only.NameEquals("output"u8) || only.NameEquals("result"u8))
            {
                return (only.Value.ValueKind == JsonValueKind.String ? only.Value.GetString()! : only.Value.GetRawText(), failed);
            }
        }

        return (value.GetRawText(), false);
    }

    private void ReadTools(JsonElement body)
    {
        if (body.Find("tools"u8) is not { } tools)
        {
            return;
        }

        if (tools.ValueKind == JsonValueKind.Object)
        {
            ReadTool(tools);
            return;
        }

        foreach (var tool in body.Items("tools"u8))
        {
            ReadTool(tool);
        }
    }

    private void ReadTool(JsonElement tool)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("Each of 'tools' must be an object.");
        }

        foreach (var kind in tool.EnumerateObject())
        {
            switch (kind.Name)
            {
                case "functionDeclarations" or "function_declarations" when kind.Value.ValueKind == JsonValueKind.Array:
                    foreach (var function in kind.Value.EnumerateArray())
                    {
                        ReadFunction(function);
                    }

                    break;
                case "googleSearch" or "google_search" or "googleSearchRetrieval" or "google_search_retrieval":
                    request.WebSearch ??= new WebSearchWish();
                    break;
                case "codeExecution" or "code_execution":
                    request.Tools.Add(new ChatTool("codeExecution") { BuiltIn = tool, Kind = BuiltInTool.CodeExecution });
                    break;
                case "urlContext" or "url_context":
                    request.Tools.Add(new ChatTool("urlContext") { BuiltIn = tool, Kind = BuiltInTool.UrlContext });
                    break;
                default:
                    request.Tools.Add(new ChatTool(kind.Name) { BuiltIn = tool });
                    break;
            }
        }
    }

    private void ReadFunction(JsonElement function)
    {
        if (function.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("Each of 'functionDeclarations' must be an object.");
        }

        var schema = function.Object(GeminiJson.Of(function, "parametersJsonSchema"u8, "parameters_json_schema"u8));
        if (schema is null && function.Object("parameters"u8) is { } parameters)
        {
            schema = GeminiSchema.ToJsonSchema(parameters);
        }

        request.Tools.Add(new ChatTool(function.Text("name"u8) ?? throw new TranslationException("A function needs a 'name'."))
        {
            Description = function.Text("description"u8),
            Parameters = schema,
        });
    }

    private void ReadToolConfig(JsonElement body)
    {
        var holder = GeminiJson.Of(body, "toolConfig"u8, "tool_config"u8);
        if (body.Object(holder) is not { } config
            || config.Object(GeminiJson.Of(config, "functionCallingConfig"u8, "function_calling_config"u8)) is not { } calling)
        {
            return;
        }

        var allowed = new List<string>();
        foreach (var name in calling.Items(GeminiJson.Of(calling, "allowedFunctionNames"u8, "allowed_function_names"u8)))
        {
            if (name.ValueKind == JsonValueKind.String)
            {
                allowed.Add(name.GetString()!);
            }
        }

        if (allowed.Count > 0)
        {
            // Only these may be called, so only these are offered.
            request.Tools.RemoveAll(tool => tool.BuiltIn is null && !allowed.Contains(tool.Name));
        }

        request.ToolChoice = calling.Word("mode"u8)?.ToUpperInvariant() switch
        {
            "NONE" => new ToolChoice(ToolChoiceMode.None),
            "ANY" => allowed.Count == 1 ? new ToolChoice(ToolChoiceMode.Named, allowed[0]) : new ToolChoice(ToolChoiceMode.Required),
            "AUTO" or "VALIDATED" => new ToolChoice(ToolChoiceMode.Auto),
            _ => null,
        };
    }

    private void ReadConfig(JsonElement config)
    {
        request.Temperature = config.Number("temperature"u8);
        request.TopP = config.Number(GeminiJson.Of(config, "topP"u8, "top_p"u8));
        request.TopK = config.Whole(GeminiJson.Of(config, "topK"u8, "top_k"u8));
        request.MaxOutput = config.Whole(GeminiJson.Of(config, "maxOutputTokens"u8, "max_output_tokens"u8));
        request.Choices = config.Count(GeminiJson.Of(config, "candidateCount"u8, "candidate_count"u8));
        request.Seed = config.Whole("seed"u8);
        request.PresencePenalty = config.Number(GeminiJson.Of(config, "presencePenalty"u8, "presence_penalty"u8));
        request.FrequencyPenalty = config.Number(GeminiJson.Of(config, "frequencyPenalty"u8, "frequency_penalty"u8));
        request.LogProbs = config.Flag(GeminiJson.Of(config, "responseLogprobs"u8, "response_logprobs"u8));
        request.TopLogProbs = config.Count("logprobs"u8);
        foreach (var stop in config.Items(GeminiJson.Of(config, "stopSequences"u8, "stop_sequences"u8)))
        {
            if (stop.ValueKind == JsonValueKind.String)
            {
                request.Stop.Add(stop.GetString()!);
            }
        }

        foreach (var modality in config.Items(GeminiJson.Of(config, "responseModalities"u8, "response_modalities"u8)))
        {
            var kind = modality.ValueKind == JsonValueKind.String ? modality.GetString()!.ToLowerInvariant() : null;
            if (kind is "image" or "audio")
            {
                request.Modalities.Add(kind);
            }
        }

        ReadFormat(config);
        ReadThinking(config);
    }

    private void ReadFormat(JsonElement config)
    {
        var schema = config.Find(GeminiJson.Of(config, "responseJsonSchema"u8, "response_json_schema"u8)) ?? config.Find("_responseJsonSchema"u8);
        if (schema is null && config.Find(GeminiJson.Of(config, "responseSchema"u8, "response_schema"u8)) is { ValueKind: JsonValueKind.Object } own)
        {
            schema = GeminiSchema.ToJsonSchema(own);
        }

        if (schema is { ValueKind: JsonValueKind.Object } || config.Word(GeminiJson.Of(config, "responseMimeType"u8, "response_mime_type"u8)) == "application/json")
        {
            request.Format = new ReplyFormat(schema);
        }
    }

    private void ReadThinking(JsonElement config)
    {
        if (config.Object(GeminiJson.Of(config, "thinkingConfig"u8, "thinking_config"u8)) is not { } thinking)
        {
            return;
        }

        var budget = thinking.Whole(GeminiJson.Of(thinking, "thinkingBudget"u8, "thinking_budget"u8));
        var level = thinking.Word(GeminiJson.Of(thinking, "thinkingLevel"u8, "thinking_level"u8))?.ToLowerInvariant();
        request.Reasoning = new ReasoningWish
        {
            Enabled = budget == 0 ? false : budget is not null ? true : null,
            Budget = budget > 0 ? budget : null,
            Adaptive = budget < 0,
            Effort = level is "minimal" or "low" or "medium" or "high" ? level : null,
            Show = thinking.Flag(GeminiJson.Of(thinking, "includeThoughts"u8, "include_thoughts"u8)) ?? false,
        };
    }
}
