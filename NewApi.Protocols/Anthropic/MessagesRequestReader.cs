using System.Collections.Frozen;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

/// <summary>Reads what a caller sent to <c>/v1/messages</c>.</summary>
internal sealed class MessagesRequestReader
{
    private static readonly FrozenSet<string> Known = new[]
    {
        "model", "messages", "system", "stream", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "tools", "tool_choice",
        "thinking", "output_config", "output_format", "metadata", "service_tier",
    }.ToFrozenSet();

    private readonly ChatRequest _request;
    private readonly Dictionary<string, string> _callNames = [];

    private MessagesRequestReader(ChatRequest request) => _request = request;

    public static ChatRequest Read(JsonElement body, string model, bool stream)
    {
        var reader = new MessagesRequestReader(new ChatRequest { Model = model, Stream = stream });
        reader.ReadBody(body);
        return reader._request;
    }

    private void ReadBody(JsonElement body)
    {
        if (body.Find("system"u8) is { } system)
        {
            Add(ChatRole.System, ReadContent(system, "system"));
        }

        foreach (var message in (body.Array("messages"u8) ?? throw new TranslationException("'messages' is missing.")).EnumerateArray())
        {
            ReadMessage(message);
        }

        _request.MaxOutput = body.Whole("max_tokens"u8);
        _request.Temperature = body.Number("temperature"u8);
        _request.TopP = body.Number("top_p"u8);
        _request.TopK = body.Whole("top_k"u8);
        _request.EndUser = body.Object("metadata"u8)?.Text("user_id"u8);
        _request.ServiceTier = body.Text("service_tier"u8);
        foreach (var stop in body.Array("stop_sequences"u8)?.EnumerateArray() ?? default)
        {
            _request.Stop.Add(stop.ValueKind == JsonValueKind.String
                ? stop.GetString()!
                : throw new TranslationException("'stop_sequences' must be an array of strings."));
        }

        foreach (var tool in body.Array("tools"u8)?.EnumerateArray() ?? default)
        {
            ReadTool(tool);
        }

        ReadToolChoice(body.Object("tool_choice"u8));
        ReadOutput(body);
        if (body.Array("mcp_servers"u8) is { } servers && servers.GetArrayLength() > 0)
        {
            throw new TranslationException("'mcp_servers' cannot be translated: only Anthropic calls the servers itself.");
        }

        foreach (var member in body.EnumerateObject())
        {
            if (!Known.Contains(member.Name) && member.Value.ValueKind != JsonValueKind.Null)
            {
                _request.Extensions.Add(new(member.Name, member.Value));
            }
        }
    }

    private void Add(ChatRole role, List<ChatPart> parts) => _request.Messages.Add(new ChatMessage(role, parts));

    private void ReadMessage(JsonElement message)
    {
        var parts = ReadContent(message.Find("content"u8), "content");
        switch (message.Text("role"u8))
        {
            case "assistant":
                Add(ChatRole.Assistant, parts);
                break;
            case "system":
                Add(ChatRole.System, parts);
                break;
            case null or "" or "user":
                // Results stand before whatever else the user has to say.
                var results = parts.Where(part => part is ToolResultPart).ToList();
                if (results.Count > 0)
                {
                    Add(ChatRole.Tool, results);
                }

                if (parts.Count > results.Count || results.Count == 0)
                {
                    parts.RemoveAll(part => part is ToolResultPart);
                    Add(ChatRole.User, parts);
                }

                break;
            default:
                throw new TranslationException("'role' of a message must be user, assistant or system.");
        }
    }

    private List<ChatPart> ReadContent(JsonElement? content, string name)
    {
        var parts = new List<ChatPart>();
        switch (content)
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.String } text:
                parts.Add(new TextPart(text.GetString()!));
                break;
            case { ValueKind: JsonValueKind.Array } blocks:
                foreach (var block in blocks.EnumerateArray())
                {
                    ReadBlock(block, parts);
                }

                break;
            default:
                throw new TranslationException($"'{name}' must be a string or an array of blocks.");
        }

        return parts;
    }

    private void ReadBlock(JsonElement block, List<ChatPart> parts)
    {
        var cache = ReadCache(block);
        switch (block.Text("type"u8))
        {
            case null or "text":
                parts.Add(new TextPart(block.Text("text"u8) ?? "") { Citations = MessageReply.ReadCitations(block), Cache = cache });
                break;
            case "image":
                parts.Add(new ImagePart(ReadSource(block)) { Cache = cache });
                break;
            case "document":
                ReadDocument(block, cache, parts);
                break;
            case "search_result":
                var found = string.Join("\n", block.Items("content"u8).Select(text => text.Word("text"u8)));
                parts.Add(new TextPart($"{block.Word("title"u8)}\n{block.Word("source"u8)}\n{found}") { Cache = cache });
                break;
            case "tool_use":
                var (id, name) = (block.Text("id"u8) ?? "", block.Text("name"u8) ?? "");
                _callNames[id] = name;
                parts.Add(new ToolCallPart(id, name, block.Find("input"u8)?.GetRawText() ?? "{}") { Cache = cache });
                break;
            case "tool_result":
                var call = block.Text("tool_use_id"u8) ?? "";
                parts.Add(new ToolResultPart(call, ReadContent(block.Find("content"u8), "content"))
                {
                    Name = _callNames.GetValueOrDefault(call),
                    IsError = block.Flag("is_error"u8) == true,
                    Cache = cache,
                });
                break;
            case "thinking":
                parts.Add(new ReasoningPart(block.Text("thinking"u8) ?? "")
                {
                    Signature = block.Text("signature"u8) is { Length: > 0 } signature ? signature : null,
                });
                break;
            case "redacted_thinking":
                parts.Add(new ReasoningPart("") { Encrypted = block.Text("data"u8) });
                break;
            default:
                parts.Add(new ForeignPart(Dialect.AnthropicMessages, block));
                break;
        }
    }

    /// <summary>A document of plain text keeps its title; one made of blocks becomes them.</summary>
    private void ReadDocument(JsonElement block, CacheMark? cache, List<ChatPart> parts)
    {
        var title = block.Text("title"u8);
        if (block.Text("context"u8) is { Length: > 0 } context)
        {
            parts.Add(new TextPart(context));
        }

        var source = block.Object("source"u8) ?? throw new TranslationException("'source' of a document is missing.");
        switch (source.Text("type"u8))
        {
            case "text":
                parts.Add(new FilePart(new MediaSource { Base64 = Documents.Encode(source.Text("data"u8) ?? ""), MimeType = "text/plain" })
                {
                    Name = title,
                    Cache = cache,
                });
                break;
            case "content":
                parts.AddRange(ReadContent(source.Find("content"u8), "content"));
                break;
            default:
                parts.Add(new FilePart(ReadSource(block)) { Name = title, Cache = cache });
                break;
        }
    }

    private static MediaSource ReadSource(JsonElement block)
    {
        var source = block.Object("source"u8) ?? throw new TranslationException("'source' of an image is missing.");
        return source.Text("type"u8) switch
        {
            "base64" => new MediaSource { Base64 = source.Text("data"u8) ?? "", MimeType = source.Text("media_type"u8) },
            "url" => MediaSource.FromUrl(source.Text("url"u8) ?? ""),
            "file" => new MediaSource { FileId = source.Text("file_id"u8) ?? "" },
            _ => throw new TranslationException("'type' of a source must be base64, url or file."),
        };
    }

    private static CacheMark? ReadCache(JsonElement block) =>
        block.Find("cache_control"u8) is { ValueKind: JsonValueKind.Object } mark ? new CacheMark(mark.Word("ttl"u8)) : null;

    private void ReadTool(JsonElement tool)
    {
        var type = tool.Text("type"u8);
        switch (type)
        {
            case null or "" or "custom":
                _request.Tools.Add(new ChatTool(tool.Text("name"u8) ?? throw new TranslationException("'name' of a tool is missing."))
                {
                    Description = tool.Text("description"u8),
                    Parameters = tool.Object("input_schema"u8),
                    Strict = tool.Flag("strict"u8),
                    Cache = ReadCache(tool),
                });
                break;
            case not null when type.StartsWith("web_search", StringComparison.Ordinal):
                _request.WebSearch = new WebSearchWish { MaxUses = tool.Count("max_uses"u8), Location = tool.Object("user_location"u8) };
                break;
            default:
                _request.Tools.Add(new ChatTool(type)
                {
                    BuiltIn = tool,
                    Kind = type.StartsWith("code_execution", StringComparison.Ordinal) ? BuiltInTool.CodeExecution
                        : type.StartsWith("web_fetch", StringComparison.Ordinal) ? BuiltInTool.UrlContext
                        : BuiltInTool.None,
                });
                break;
        }
    }

    private void ReadToolChoice(JsonElement? choice)
    {
        if (choice is not { } asked)
        {
            return;
        }

        _request.ToolChoice = asked.Text("type"u8) switch
        {
            "auto" => new ToolChoice(ToolChoiceMode.Auto),
            "any" => new ToolChoice(ToolChoiceMode.Required),
            "none" => new ToolChoice(ToolChoiceMode.None),
            "tool" => new ToolChoice(ToolChoiceMode.Named, asked.Text("name"u8)),
            _ => throw new TranslationException("'type' of 'tool_choice' must be auto, any, tool or none."),
        };
        if (asked.Flag("disable_parallel_tool_use"u8) is { } alone)
        {
            _request.ParallelToolCalls = !alone;
        }
    }

    private void ReadOutput(JsonElement body)
    {
        var output = body.Object("output_config"u8);
        if ((output?.Object("format"u8) ?? body.Object("output_format"u8)) is { } format)
        {
            _request.Format = new ReplyFormat(format.Object("schema"u8));
        }

        var thinking = body.Object("thinking"u8);
        var effort = output?.Text("effort"u8);
        if (thinking is null && effort is null)
        {
            return;
        }

        var type = thinking?.Text("type"u8);
        _request.Reasoning = new ReasoningWish
        {
            Enabled = type switch
            {
                "enabled" or "adaptive" => true,
                "disabled" => false,
                _ => null,
            },
            Adaptive = type == "adaptive",
            Budget = thinking?.Whole("budget_tokens"u8),
            Effort = effort,
            Show = thinking?.Text("display"u8) switch
            {
                "omitted" => false,
                null => null,
                _ => true,
            },
        };
    }
}
