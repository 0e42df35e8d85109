using System.Collections.Frozen;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>Reads what a caller sent to <c>/v1/chat/completions</c>, with the members that other providers have added to it.</summary>
internal sealed class ChatRequestReader
{
    private static readonly FrozenSet<string> Known = new[]
    {
        "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "n", "stop",
        "seed", "logprobs", "top_logprobs", "presence_penalty", "frequency_penalty", "tools", "functions", "tool_choice", "function_call",
        "parallel_tool_calls", "response_format", "reasoning_effort", "reasoning", "thinking", "enable_thinking", "thinking_budget",
        "verbosity", "modalities", "audio", "user", "prompt_cache_key", "service_tier", "store", "metadata", "web_search_options",
    }.ToFrozenSet();

    private readonly ChatRequest _request;
    private readonly Dictionary<string, string> _callNames = [];
    private string _lastFunction = "";

    private ChatRequestReader(ChatRequest request) => _request = request;

    public static ChatRequest Read(JsonElement body, string model, bool stream)
    {
        var reader = new ChatRequestReader(new ChatRequest { Model = model, Stream = stream });
        reader.ReadBody(body);
        return reader._request;
    }

    private void ReadBody(JsonElement body)
    {
        foreach (var message in (body.Array("messages"u8) ?? throw new TranslationException("'messages' is missing.")).EnumerateArray())
        {
            ReadMessage(message);
        }

        var bound = body.Whole("max_completion_tokens"u8);
        _request.MaxOutput = bound is null or 0 ? body.Whole("max_tokens"u8) : bound;
        _request.Temperature = body.Number("temperature"u8);
        _request.TopP = body.Number("top_p"u8);
        _request.TopK = body.Whole("top_k"u8);
        _request.PresencePenalty = body.Number("presence_penalty"u8);
        _request.FrequencyPenalty = body.Number("frequency_penalty"u8);
        _request.Seed = body.Whole("seed"u8);
        _request.Choices = body.Count("n"u8);
        _request.LogProbs = body.Flag("logprobs"u8);
        _request.TopLogProbs = body.Count("top_logprobs"u8);
        _request.ParallelToolCalls = body.Flag("parallel_tool_calls"u8);
        _request.Verbosity = body.Text("verbosity"u8);
        _request.AudioOutput = body.Object("audio"u8);
        _request.EndUser = body.Text("user"u8);
        _request.PromptCacheKey = body.Text("prompt_cache_key"u8);
        _request.ServiceTier = body.Text("service_tier"u8);
        _request.Store = body.Flag("store"u8);
        _request.Metadata = body.Object("metadata"u8);
        _request.Reasoning = ReadReasoning(body);
        _request.Format = ReadFormat(body.Object("response_format"u8));
        ReadStop(body);
        ReadModalities(body);
        ReadTools(body);
        ReadToolChoice(body);
        if (body.Object("web_search_options"u8) is { } search)
        {
            _request.WebSearch = ReadSearch(search);
        }

        foreach (var member in body.EnumerateObject())
        {
            if (!Known.Contains(member.Name) && member.Value.ValueKind != JsonValueKind.Null)
            {
                _request.Extensions.Add(new(member.Name, member.Value));
            }
        }
    }

    private void ReadMessage(JsonElement message)
    {
        var parts = new List<ChatPart>();
        switch (message.Text("role"u8))
        {
            case "system":
                ReadContent(message, parts);
                Add(ChatRole.System, parts, message);
                break;
            case "developer":
                ReadContent(message, parts);
                Add(ChatRole.Developer, parts, message);
                break;
            case null or "" or "user":
                ReadContent(message, parts);
                Add(ChatRole.User, parts, message);
                break;
            case "assistant":
                ReadAssistant(message, parts);
                Add(ChatRole.Assistant, parts, message);
                break;
            case "tool":
                ReadContent(message, parts);
                var id = message.Text("tool_call_id"u8) ?? "";
                AddResult(id, message.Text("name"u8) ?? _callNames.GetValueOrDefault(id), parts, message);
                break;
            case "function":
                ReadContent(message, parts);
                AddResult(_lastFunction, message.Text("name"u8), parts, message);
                break;
            default:
                throw new TranslationException("'role' of a message must be system, developer, user, assistant or tool.");
        }
    }

    private void Add(ChatRole role, List<ChatPart> parts, JsonElement message) =>
        _request.Messages.Add(new ChatMessage(role, parts) { Name = message.Text("name"u8) });

    private void AddResult(string id, string? name, List<ChatPart> content, JsonElement message)
    {
        var cache = ReadCache(message);
        if (cache is null && content.Count > 0)
        {
            // A mark on the last part of a result means the result: that is where the target can put it.
            cache = content[^1].Cache;
        }

        _request.Messages.Add(new ChatMessage(ChatRole.Tool, [new ToolResultPart(id, content) { Name = name, Cache = cache }]));
    }

    private void ReadAssistant(JsonElement message, List<ChatPart> parts)
    {
        ReasoningDetails.Read(message, parts);
        ReadContent(message, parts);
        if (message.Text("refusal"u8) is { Length: > 0 } refusal)
        {
            parts.Add(new RefusalPart(refusal));
        }

        if (message.Object("audio"u8)?.Word("id"u8) is not null && parts.Count == 0)
        {
            throw new TranslationException("An earlier answer in sound is known only to the upstream that made it; send its transcript instead.");
        }

        foreach (var call in message.Array("tool_calls"u8)?.EnumerateArray() ?? default)
        {
            var id = call.Text("id"u8) ?? "";
            if (call.Object("custom"u8) is { } custom)
            {
                var name = custom.Text("name"u8) ?? "";
                _callNames[id] = name;
                parts.Add(new ToolCallPart(id, name, CustomTools.ToArguments(custom.Text("input"u8) ?? "")));
            }
            else
            {
                AddCall(id, call.Object("function"u8) ?? throw new TranslationException("'function' of a tool call is missing."), call, parts);
            }
        }

        if (message.Object("function_call"u8) is { } legacy)
        {
            _lastFunction = $"call_{_request.Messages.Count}";
            AddCall(_lastFunction, legacy, legacy, parts);
        }
    }

    private void AddCall(string id, JsonElement function, JsonElement call, List<ChatPart> parts)
    {
        var name = function.Text("name"u8) ?? "";
        var arguments = function.Find("arguments"u8) switch
        {
            null => "",
            { ValueKind: JsonValueKind.String } text => text.GetString()!,
            { } json => json.GetRawText(),
        };
        _callNames[id] = name;
        parts.Add(new ToolCallPart(id, name, arguments)
        {
            Signature = call.Object("extra_content"u8)?.Object("google"u8)?.Text("thought_signature"u8),
            Cache = ReadCache(call),
        });
    }

    private static void ReadContent(JsonElement message, List<ChatPart> parts)
    {
        switch (message.Find("content"u8))
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.String } text:
                parts.Add(new TextPart(text.GetString()!) { Cache = ReadCache(message) });
                break;
            case { ValueKind: JsonValueKind.Array } items:
                foreach (var item in items.EnumerateArray())
                {
                    parts.Add(ReadPart(item));
                }

                break;
            default:
                throw new TranslationException("'content' of a message must be a string or an array of parts.");
        }
    }

    private static ChatPart ReadPart(JsonElement part)
    {
        if (part.ValueKind == JsonValueKind.String)
        {
            return new TextPart(part.GetString()!);
        }

        var cache = ReadCache(part);
        switch (part.Text("type"u8))
        {
            case null or "text" or "input_text" or "output_text":
                return new TextPart(part.Text("text"u8) ?? "") { Cache = cache };
            case "refusal":
                return new RefusalPart(part.Text("refusal"u8) ?? "");
            case "image_url" or "input_image":
                var image = part.Find("image_url"u8) ?? throw new TranslationException("'image_url' of a part is missing.");
                var (address, detail) = image.ValueKind == JsonValueKind.String
                    ? (image.GetString()!, part.Text("detail"u8))
                    : (image.Text("url"u8) ?? "", image.Text("detail"u8));
                return new ImagePart(MediaSource.FromUrl(address)) { Detail = detail, Cache = cache };
            case "video_url":
                var video = part.Find("video_url"u8) ?? throw new TranslationException("'video_url' of a part is missing.");
                return new VideoPart(MediaSource.FromUrl(video.ValueKind == JsonValueKind.String ? video.GetString()! : video.Text("url"u8) ?? ""))
                {
                    Cache = cache,
                };
            case "input_audio":
                var audio = part.Object("input_audio"u8) ?? throw new TranslationException("'input_audio' of a part is missing.");
                return new AudioPart(ReadAudio(audio)) { Cache = cache };
            case "file" or "input_file":
                return ReadFile(part.Object("file"u8) ?? part) with { Cache = cache };
            case "thinking":
                return new ReasoningPart(string.Concat(part.Items("thinking"u8).Select(text => text.Text("text"u8))));
            default:
                throw new TranslationException("A part of a message has a type that cannot be translated.");
        }
    }

    private static MediaSource ReadAudio(JsonElement audio)
    {
        var type = AudioFormats.ToMimeType(audio.Text("format"u8));
        var data = audio.Text("data"u8) ?? "";
        return data.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
            ? MediaSource.FromUrl(data, type)
            : new MediaSource { Base64 = data, MimeType = type };
    }

    private static FilePart ReadFile(JsonElement file)
    {
        var name = file.Text("filename"u8);
        if (file.Text("file_id"u8) is { } id)
        {
            return new FilePart(new MediaSource { FileId = id }) { Name = name };
        }

        if (file.Text("file_url"u8) is { } address)
        {
            return new FilePart(MediaSource.FromUrl(address, MimeTypes.OfName(name))) { Name = name };
        }

        var data = file.Text("file_data"u8) ?? throw new TranslationException("A file needs 'file_id' or 'file_data'.");
        var source = data.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
            ? MediaSource.FromUrl(data, MimeTypes.OfName(name))
            : new MediaSource { Base64 = data, MimeType = MimeTypes.OfName(name) };
        return new FilePart(source) { Name = name };
    }

    private static CacheMark? ReadCache(JsonElement element) =>
        element.Find("cache_control"u8) is { ValueKind: JsonValueKind.Object } mark ? new CacheMark(mark.Word("ttl"u8)) : null;

    private void ReadStop(JsonElement body)
    {
        switch (body.Find("stop"u8))
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.String } one:
                _request.Stop.Add(one.GetString()!);
                break;
            case { ValueKind: JsonValueKind.Array } several when several.EnumerateArray().All(stop => stop.ValueKind == JsonValueKind.String):
                _request.Stop.AddRange(several.EnumerateArray().Select(stop => stop.GetString()!));
                break;
            default:
                throw new TranslationException("'stop' must be a string or an array of strings.");
        }
    }

    private void ReadModalities(JsonElement body)
    {
        foreach (var modality in body.Array("modalities"u8)?.EnumerateArray() ?? default)
        {
            if (modality.ValueKind == JsonValueKind.String && modality.GetString() is { } kind && kind != "text")
            {
                _request.Modalities.Add(kind);
            }
        }
    }

    private void ReadTools(JsonElement body)
    {
        foreach (var function in body.Array("functions"u8)?.EnumerateArray() ?? default)
        {
            _request.Tools.Add(ReadFunction(function, function));
        }

        foreach (var tool in body.Array("tools"u8)?.EnumerateArray() ?? default)
        {
            switch (tool.Text("type"u8))
            {
                case null or "function":
                    _request.Tools.Add(ReadFunction(tool.Object("function"u8) ?? tool, tool));
                    break;
                case "web_search" or "web_search_preview":
                    _request.WebSearch = ReadSearch(tool);
                    break;
                case "custom":
                    var custom = tool.Object("custom"u8) ?? tool;
                    var format = custom.Object("format"u8);
                    _request.Tools.Add(CustomTools.ToFunction(
                        custom.Text("name"u8) ?? throw new TranslationException("'name' of a tool is missing."),
                        custom.Text("description"u8),
                        format?.Object("grammar"u8) ?? format));
                    break;
                case { } type:
                    _request.Tools.Add(new ChatTool(type)
                    {
                        BuiltIn = tool,
                        Kind = type == "code_interpreter" ? BuiltInTool.CodeExecution : BuiltInTool.None,
                    });
                    break;
            }
        }
    }

    private static ChatTool ReadFunction(JsonElement function, JsonElement tool) =>
        new(function.Text("name"u8) ?? throw new TranslationException("'name' of a function is missing."))
        {
            Description = function.Text("description"u8),
            Parameters = function.Object("parameters"u8),
            Strict = function.Flag("strict"u8),
            Cache = ReadCache(tool) ?? ReadCache(function),
        };

    private static WebSearchWish ReadSearch(JsonElement search)
    {
        var location = search.Object("user_location"u8);
        return new WebSearchWish
        {
            ContextSize = search.Text("search_context_size"u8),
            Location = location?.Object("approximate"u8) ?? location,
        };
    }

    private void ReadToolChoice(JsonElement body)
    {
        switch (body.Find("tool_choice"u8) ?? body.Find("function_call"u8))
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.String } word:
                _request.ToolChoice = new ToolChoice(ModeOf(word.GetString()));
                break;
            case { ValueKind: JsonValueKind.Object } choice when choice.Object("allowed_tools"u8) is { } allowed:
                _request.ToolChoice = new ToolChoice(ModeOf(allowed.Text("mode"u8)));
                var names = allowed.Items("tools"u8).Select(tool => (tool.Object("function"u8) ?? tool.Object("custom"u8) ?? tool).Text("name"u8)).ToHashSet();
                _request.Tools.RemoveAll(tool => tool.BuiltIn is null && !names.Contains(tool.Name));
                break;
            case { ValueKind: JsonValueKind.Object } choice
                when (choice.Object("function"u8) ?? choice.Object("custom"u8) ?? choice).Text("name"u8) is { } name:
                _request.ToolChoice = new ToolChoice(ToolChoiceMode.Named, name);
                break;
            case { ValueKind: JsonValueKind.Object } choice:
                _request.ToolChoice = new ToolChoice(ModeOf(choice.Text("type"u8)));
                break;
            default:
                throw new TranslationException("'tool_choice' must be a string or an object.");
        }
    }

    private static ToolChoiceMode ModeOf(string? word) => word switch
    {
        null or "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" or "any" => ToolChoiceMode.Required,
        _ => throw new TranslationException("'tool_choice' must be auto, none, required or name a function."),
    };

    private static ReplyFormat? ReadFormat(JsonElement? format)
    {
        switch (format?.Text("type"u8))
        {
            case "json_object":
                return new ReplyFormat(null);
            case "json_schema":
                var schema = format.Value.Object("json_schema"u8) ?? format.Value;
                return new ReplyFormat(schema.Object("schema"u8))
                {
                    Name = schema.Text("name"u8),
                    Description = schema.Text("description"u8),
                    Strict = schema.Flag("strict"u8),
                };
            default:
                return null;
        }
    }

    /// <summary>
    /// OpenAI's <c>reasoning_effort</c>, OpenRouter's <c>reasoning</c>, <c>thinking</c> of Claude and its likes, Qwen's
    /// <c>enable_thinking</c>, Google's <c>thinking_config</c>: one wish of them all, the more exact word first.
    /// </summary>
    private static ReasoningWish? ReadReasoning(JsonElement body)
    {
        var effort = body.Text("reasoning_effort"u8);
        var router = body.Object("reasoning"u8);
        var thinking = body.Object("thinking"u8);
        var google = (body.Object("extra_body"u8)?.Object("google"u8) ?? body.Object("google"u8))?.Object("thinking_config"u8);
        var enabled = body.Flag("enable_thinking"u8);
        if (effort is null && router is null && thinking is null && google is null && enabled is null)
        {
            return null;
        }

        var budget = router?.Whole("max_tokens"u8) ?? thinking?.Whole("budget_tokens"u8) ?? body.Whole("thinking_budget"u8)
            ?? google?.Whole("thinking_budget"u8);
        var adaptive = thinking?.Word("type"u8) == "adaptive" || budget == -1;
        enabled = thinking?.Word("type"u8) switch
        {
            "disabled" => false,
            "enabled" or "adaptive" => true,
            _ => router?.Flag("enabled"u8) ?? enabled,
        };
        return new ReasoningWish
        {
            Enabled = enabled,
            Effort = effort ?? router?.Text("effort"u8) ?? google?.Text("thinking_level"u8),
            Budget = budget is >= 0 ? budget : null,
            Adaptive = adaptive,
            Show = google?.Flag("include_thoughts"u8) ?? (router?.Flag("exclude"u8) is { } exclude ? !exclude : null),
            Summary = router?.Text("summary"u8),
        };
    }
}
