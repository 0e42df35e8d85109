using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Reads a request for a response:
/// <code>
/// {"model":"m","instructions":"…","input":[
///    {"type":"message","role":"user","content":[{"type":"input_text","text":"…"},{"type":"input_image","image_url":"…"}]},
///    {"type":"reasoning","summary":[{"type":"summary_text","text":"…"}],"encrypted_content":"…"},
///    {"type":"function_call","call_id":"call_1","name":"f","arguments":"{}"},
///    {"type":"function_call_output","call_id":"call_1","output":"…"},
///    {"type":"function_call","call_id":"call_2","namespace":"mcp__n","name":"g","arguments":"{}"}],
///  "tools":[{"type":"function","name":"f","parameters":{}},{"type":"namespace","name":"mcp__n","tools":[{"type":"function","name":"g",…}]}],
///  "reasoning":{"effort":"low"},"text":{"format":{"type":"json_schema",…}}}
/// </code>
/// State that lives at OpenAI (earlier responses, conversations, stored items) cannot be sent anywhere else, and is an error.
/// </summary>
internal sealed class ResponsesRequestReader(ChatRequest request)
{
    private readonly ToolNames _toolNames = new(request.Qualified);
    private readonly Dictionary<string, string> _callNames = [];
    private readonly Dictionary<string, string> _callSignatures = [];

    public static ChatRequest Read(JsonElement body, string model, bool stream)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("The body must be a JSON object.");
        }

        var request = new ChatRequest { Model = model, Stream = stream };
        new ResponsesRequestReader(request).Read(body);
        return request;
    }

    private void Read(JsonElement body)
    {
        RefuseState(body);
        if (body.Text("instructions"u8) is { Length: > 0 } instructions)
        {
            request.Messages.Add(new ChatMessage(ChatRole.System, [new TextPart(instructions)]));
        }

        // Before the calls of earlier turns, so that what is on offer has the first choice of names.
        ReadTools(body);
        switch (body.Find("input"u8))
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.String } text:
                request.Messages.Add(new ChatMessage(ChatRole.User, [new TextPart(text.GetString()!)]));
                break;
            case { ValueKind: JsonValueKind.Array } items:
                foreach (var item in items.EnumerateArray())
                {
                    ReadItem(item);
                }

                SignCalls();
                break;
            default:
                throw new TranslationException("'input' must be a string or an array.");
        }

        ReadToolChoice(body);
        ReadSettings(body);
    }

    private static void RefuseState(JsonElement body)
    {
        const string Elsewhere = "and this model is served by another provider: send the whole conversation as 'input'.";
        if (body.Find("previous_response_id"u8) is not null)
        {
            throw new TranslationException($"'previous_response_id' refers to a response that OpenAI stores, {Elsewhere}");
        }

        if (body.Find("conversation"u8) is not null)
        {
            throw new TranslationException($"'conversation' refers to items that OpenAI stores, {Elsewhere}");
        }

        if (body.Find("prompt"u8) is not null)
        {
            throw new TranslationException($"'prompt' refers to a template that OpenAI stores, {Elsewhere}");
        }

        if (body.Flag("background"u8) == true)
        {
            throw new TranslationException("'background' is not to be had for this model: it is served by a provider that answers at once.");
        }
    }

    private void ReadItem(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("Each of 'input' must be an object.");
        }

        switch (item.Text("type"u8))
        {
            case null or "message":
                ReadMessage(item);
                break;
            case "reasoning":
                var text = string.Join("\n\n", Texts(item, "summary"u8).Concat(Texts(item, "content"u8)));
                if (ResponsesReasoning.Read(text, item.Text("encrypted_content"u8), item.Text("id"u8), _callSignatures) is { } thought)
                {
                    Assistant(thought);
                }

                break;
            case "function_call":
                ReadCall(item, item.Text("arguments"u8) ?? "");
                break;
            case "custom_tool_call":
                ReadCall(item, CustomTools.ToArguments(item.Text("input"u8) ?? ""));
                break;
            case "function_call_output" or "custom_tool_call_output":
                ReadOutput(item);
                break;
            case "item_reference":
                throw new TranslationException(
                    "'item_reference' refers to an item that OpenAI stores, and this model is served by another provider: send the item itself.");
            case "compaction" or "compaction_summary":
                throw new TranslationException("A compacted conversation can only be read by OpenAI, and this model is served by another provider.");
            case "image_generation_call" when item.Text("result"u8) is { Length: > 0 } picture:
                Assistant(new ImagePart(new MediaSource { Base64 = picture, MimeType = $"image/{item.Word("output_format"u8) ?? "png"}" }));
                break;
            case "web_search_call" or "file_search_call" or "code_interpreter_call" or "image_generation_call" or "mcp_list_tools" or "mcp_call":
                Assistant(new ForeignPart(Dialect.OpenAIResponses, item));
                break;
            case { } type:
                throw new TranslationException($"Items of type '{type}' cannot be sent to the provider of this model.");
        }
    }

    private static IEnumerable<string> Texts(JsonElement item, ReadOnlySpan<byte> name)
    {
        var texts = new List<string>();
        foreach (var part in item.Items(name))
        {
            if (part.Word("text"u8) is { Length: > 0 } text)
            {
                texts.Add(text);
            }
        }

        return texts;
    }

    private void ReadMessage(JsonElement item)
    {
        var role = item.Text("role"u8) switch
        {
            null or "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            "system" => ChatRole.System,
            "developer" => ChatRole.Developer,
            _ => throw new TranslationException("'role' of a message must be user, assistant, system or developer."),
        };
        var parts = ReadContent(item.Find("content"u8));
        if (role != ChatRole.Assistant)
        {
            request.Messages.Add(new ChatMessage(role, parts));
            return;
        }

        foreach (var part in parts)
        {
            Assistant(part);
        }
    }

    /// <summary>Thoughts, text and calls of one turn are items of their own here, and one message elsewhere.</summary>
    private void Assistant(ChatPart part)
    {
        if (request.Messages.Count == 0 || request.Messages[^1].Role != ChatRole.Assistant)
        {
            request.Messages.Add(new ChatMessage(ChatRole.Assistant, []));
        }

        request.Messages[^1].Parts.Add(part);
    }

    private static List<ChatPart> ReadContent(JsonElement? content)
    {
        switch (content)
        {
            case null:
                return [];
            case { ValueKind: JsonValueKind.String } text:
                return [new TextPart(text.GetString()!)];
            case { ValueKind: JsonValueKind.Array } parts:
                return [.. parts.EnumerateArray().Select(ReadPart)];
            default:
                throw new TranslationException("'content' must be a string or an array.");
        }
    }

    private static ChatPart ReadPart(JsonElement part)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("Each part of a message must be an object.");
        }

        switch (part.Text("type"u8))
        {
            case "input_text" or "output_text" or "text" or "summary_text" or "reasoning_text":
                return new TextPart(part.Text("text"u8) ?? "");
            case "refusal":
                return new RefusalPart(part.Text("refusal"u8) ?? "");
            case "input_image":
                var detail = part.Text("detail"u8);
                return part.Text("image_url"u8) is { Length: > 0 } address ? new ImagePart(MediaSource.FromUrl(address)) { Detail = detail }
                    : part.Text("file_id"u8) is { Length: > 0 } id ? new ImagePart(new MediaSource { FileId = id }) { Detail = detail }
                    : throw new TranslationException("'input_image' needs an 'image_url' or a 'file_id'.");
            case "input_file":
                return ReadFile(part);
            case "input_audio" when part.Object("input_audio"u8) is { } audio:
                return new AudioPart(new MediaSource { Base64 = audio.Text("data"u8) ?? "", MimeType = $"audio/{audio.Text("format"u8) ?? "wav"}" });
            case "input_video" when part.Text("video_url"u8) is { Length: > 0 } video:
                return new VideoPart(MediaSource.FromUrl(video));
            default:
                throw new TranslationException("A part of a message has a type that cannot be sent to the provider of this model.");
        }
    }

    private static FilePart ReadFile(JsonElement part)
    {
        var name = part.Text("filename"u8);
        var source = part.Text("file_data"u8) is { Length: > 0 } data ? DataOf(data)
            : part.Text("file_url"u8) is { Length: > 0 } address ? MediaSource.FromUrl(address)
            : part.Text("file_id"u8) is { Length: > 0 } id ? new MediaSource { FileId = id }
            : throw new TranslationException("'input_file' needs 'file_data', a 'file_url' or a 'file_id'.");
        return new FilePart(source) { Name = name };
    }

    private static MediaSource DataOf(string data) =>
        data.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? MediaSource.FromUrl(data) : new MediaSource { Base64 = data };

    private void ReadCall(JsonElement item, string arguments)
    {
        var id = item.Text("call_id"u8) ?? item.Text("id"u8) ?? throw new TranslationException("A call needs a 'call_id'.");
        var name = OfferedName(item, item.Text("name"u8) ?? throw new TranslationException("A call needs a 'name'."));
        _callNames[id] = name;
        Assistant(new ToolCallPart(id, name, arguments));
    }

    private void ReadOutput(JsonElement item)
    {
        var content = item.Find("output"u8) is { ValueKind: JsonValueKind.Object } value
            ? [new TextPart(value.GetRawText())]
            : ReadContent(item.Find("output"u8));
        if (item.Text("call_id"u8) is not { Length: > 0 } id)
        {
            // Nobody can tell whose result it is, but the model should have it.
            request.Messages.Add(new ChatMessage(ChatRole.User, [new TextPart("[tool output]"), .. content]));
            return;
        }

        if (request.Messages.Count == 0 || request.Messages[^1].Role != ChatRole.Tool)
        {
            request.Messages.Add(new ChatMessage(ChatRole.Tool, []));
        }

        request.Messages[^1].Parts.Add(new ToolResultPart(id, content) { Name = _callNames.GetValueOrDefault(id) });
    }

    /// <summary>Proofs of calls may stand behind them.</summary>
    private void SignCalls()
    {
        if (_callSignatures.Count == 0)
        {
            return;
        }

        foreach (var message in request.Messages)
        {
            for (var at = 0; at < message.Parts.Count; at++)
            {
                if (message.Parts[at] is ToolCallPart call && _callSignatures.TryGetValue(call.Id, out var signature))
                {
                    message.Parts[at] = call with { Signature = signature };
                }
            }
        }
    }

    private void ReadTools(JsonElement body)
    {
        var tools = body.Array("tools"u8)?.EnumerateArray() ?? default;
        foreach (var tool in tools)
        {
            if ((tool.Find("function"u8) ?? tool).Word("name"u8) is { } name)
            {
                _toolNames.Keep(name);
            }
        }

        foreach (var tool in tools)
        {
            ReadTool(tool, null);
        }
    }

    private void ReadTool(JsonElement tool, string? space)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            throw new TranslationException("Each of 'tools' must be an object.");
        }

        switch (tool.Text("type"u8))
        {
            case "function":
                // Older clients nest the function, as OpenAI chat does.
                var function = tool.Object("function"u8) ?? tool;
                request.Tools.Add(new ChatTool(NameOf(function, space))
                {
                    Description = function.Text("description"u8),
                    Parameters = function.Object("parameters"u8),
                    Strict = function.Flag("strict"u8),
                });
                break;
            case "custom":
                request.Tools.Add(CustomTools.ToFunction(NameOf(tool, space), tool.Text("description"u8), tool.Object("format"u8)));
                break;
            case "namespace":
                var name = NameOf(tool, null);
                foreach (var member in tool.Items("tools"u8))
                {
                    ReadTool(member, name);
                }

                break;
            case "web_search" or "web_search_preview" or "web_search_preview_2025_03_11" or "web_search_2025_08_26":
                var location = tool.Object("user_location"u8);
                request.WebSearch = new WebSearchWish { ContextSize = tool.Text("search_context_size"u8), Location = location };
                break;
            case "code_interpreter":
                request.Tools.Add(new ChatTool("code_interpreter") { BuiltIn = tool, Kind = BuiltInTool.CodeExecution });
                break;
            case "image_generation":
                request.Modalities.Add("image");
                break;
            case { } type:
                request.Tools.Add(new ChatTool(type) { BuiltIn = tool });
                break;
            case null:
                throw new TranslationException("A tool needs a 'type'.");
        }
    }

    private string NameOf(JsonElement tool, string? space)
    {
        var name = tool.Text("name"u8) ?? throw new TranslationException("A tool needs a 'name'.");
        return space is null ? name : _toolNames.Of(new QualifiedName(space, name));
    }

    /// <summary>The name under which a tool that is called is offered.</summary>
    private string OfferedName(JsonElement call, string name) =>
        call.Text("namespace"u8) is { Length: > 0 } space ? _toolNames.Of(new QualifiedName(space, name)) : name;

    /// <summary>The same for one that is chosen, where the namespace may be left out.</summary>
    private string ChosenName(JsonElement choice, string name) =>
        choice.Find("namespace"u8) is not null || request.Tools.Exists(tool => tool.Name == name)
            ? OfferedName(choice, name)
            : request.Tools.Find(tool => QualifiedOf(tool)?.Name == name)?.Name ?? name;

    private QualifiedName? QualifiedOf(ChatTool tool) => request.Qualified.GetValueOrDefault(tool.Name);

    private void ReadToolChoice(JsonElement body)
    {
        switch (body.Find("tool_choice"u8))
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.String } word:
                request.ToolChoice = new ToolChoice(ModeOf(word.GetString()));
                break;
            case { ValueKind: JsonValueKind.Object } choice when choice.Text("type"u8) == "allowed_tools":
                var names = new HashSet<string>();
                foreach (var tool in choice.Items("tools"u8))
                {
                    if (tool.Word("name"u8) is not { } allowed)
                    {
                        continue;
                    }

                    if (tool.Word("type"u8) == "namespace")
                    {
                        names.UnionWith(request.Tools.Where(one => QualifiedOf(one)?.Namespace == allowed).Select(one => one.Name));
                    }
                    else
                    {
                        names.Add(ChosenName(tool, allowed));
                    }
                }

                request.Tools.RemoveAll(tool => tool.BuiltIn is null && !names.Contains(tool.Name));
                request.ToolChoice = new ToolChoice(ModeOf(choice.Text("mode"u8)));
                break;
            case { ValueKind: JsonValueKind.Object } choice when (choice.Object("function"u8) ?? choice).Text("name"u8) is { } name:
                request.ToolChoice = new ToolChoice(ToolChoiceMode.Named, ChosenName(choice, name));
                break;
            case { ValueKind: JsonValueKind.Object }:
                request.ToolChoice = new ToolChoice(ToolChoiceMode.Auto);
                break;
            default:
                throw new TranslationException("'tool_choice' must be a string or an object.");
        }
    }

    private static ToolChoiceMode ModeOf(string? word) => word switch
    {
        null or "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" => ToolChoiceMode.Required,
        _ => throw new TranslationException("'tool_choice' must be auto, none, required or name a tool."),
    };

    private void ReadSettings(JsonElement body)
    {
        request.MaxOutput = body.Whole("max_output_tokens"u8);
        request.Temperature = body.Number("temperature"u8);
        request.TopP = body.Number("top_p"u8);
        request.TopLogProbs = body.Count("top_logprobs"u8);
        request.ParallelToolCalls = body.Flag("parallel_tool_calls"u8);
        request.EndUser = body.Text("user"u8);
        request.PromptCacheKey = body.Text("prompt_cache_key"u8);
        request.ServiceTier = body.Text("service_tier"u8);
        request.Store = body.Flag("store"u8);
        request.Metadata = body.Object("metadata"u8);
        foreach (var wanted in body.Items("include"u8))
        {
            if (wanted.ValueKind == JsonValueKind.String && wanted.ValueEquals("message.output_text.logprobs"u8))
            {
                request.LogProbs = true;
            }
        }

        if (body.Object("text"u8) is { } text)
        {
            request.Verbosity = text.Text("verbosity"u8);
            request.Format = ReadFormat(text.Object("format"u8));
        }

        if (body.Object("reasoning"u8) is { } reasoning)
        {
            var summary = reasoning.Text("summary"u8) ?? reasoning.Text("generate_summary"u8);
            var effort = reasoning.Text("effort"u8);
            if (effort is not null || summary is not null)
            {
                request.Reasoning = new ReasoningWish { Effort = effort, Summary = summary, Show = summary is not null };
            }
        }

        foreach (var member in body.EnumerateObject())
        {
            if (member.Name is "safety_identifier" or "prompt_cache_retention" or "truncation" or "max_tool_calls"
                && member.Value.ValueKind != JsonValueKind.Null)
            {
                request.Extensions.Add(new(member.Name, member.Value));
            }
        }
    }

    private static ReplyFormat? ReadFormat(JsonElement? format) => format?.Text("type"u8) switch
    {
        "json_object" => new ReplyFormat(null),
        "json_schema" => new ReplyFormat(format.Value.Object("schema"u8))
        {
            Name = format.Value.Text("name"u8),
            Description = format.Value.Text("description"u8),
            Strict = format.Value.Flag("strict"u8),
        },
        _ => null,
    };
}
