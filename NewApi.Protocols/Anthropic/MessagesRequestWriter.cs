using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols.Anthropic;

/// <summary>Writes a request for an upstream that speaks Anthropic messages (specification: relay §5.2).</summary>
internal sealed class MessagesRequestWriter
{
    private const long DefaultMaxTokens = 8192;

    private readonly Utf8JsonWriter _json;
    private readonly ChatRequest _request;
    private readonly UpstreamTraits _traits;
    private readonly ClaudeModel _model;
    private readonly StrictSchemas _strict = new();

    private MessagesRequestWriter(Utf8JsonWriter json, ChatRequest request, in UpstreamTraits traits)
    {
        _json = json;
        _request = request;
        _traits = traits;
        _model = ClaudeModel.Of(request.Model);
    }

    public static void Write(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        new MessagesRequestWriter(json, request, traits).WriteBody();
    }

    private void WriteBody()
    {
        var turns = MessageTurns.Of(_request.Messages);
        var thinking = ThinkingPlan.Of(_request, _traits, _model, turns, DefaultMaxTokens);
        _json.WriteStartObject();
        _json.WriteString("model"u8, _request.Model);
        _json.WriteNumber("max_tokens"u8, thinking.MaxTokens);
        WriteSystem();
        _json.WriteStartArray("messages"u8);
        for (var index = 0; index < turns.Count; index++)
        {
            WriteTurn(turns[index]);
        }

        _json.WriteEndArray();
        if (_request.Stream)
        {
            _json.WriteBoolean("stream"u8, true);
        }

        WriteSampling(thinking);
        WriteTools();
        thinking.Write(_json);
        WriteOutput(thinking);
        if (_request.EndUser is { } user)
        {
            _json.WriteStartObject("metadata"u8);
            _json.WriteString("user_id"u8, user);
            _json.WriteEndObject();
        }

        if ((_traits.Removed & RequestFields.ServiceTier) == 0)
        {
            switch (_request.ServiceTier)
            {
                case "auto" or "priority":
                    _json.WriteString("service_tier"u8, "auto"u8);
                    break;
                case "default" or "standard_only":
                    _json.WriteString("service_tier"u8, "standard_only"u8);
                    break;
            }
        }

        _json.WriteEndObject();
    }

    private void WriteSystem()
    {
        // What models without output_config can only be asked for.
        var form = _model.Formats ? null : _request.Format?.Schema;
        var begun = false;
        foreach (var message in _request.Messages)
        {
            if (message.Role is not (ChatRole.System or ChatRole.Developer))
            {
                continue;
            }

            foreach (var part in message.Parts)
            {
                if (part is not TextPart text || string.IsNullOrWhiteSpace(text.Text))
                {
                    continue;
                }

                BeginSystem(ref begun);
                WriteText(text.Text, text.Cache);
            }
        }

        if (form is { } schema)
        {
            BeginSystem(ref begun);
            WriteText($"Answer with one JSON value and nothing else: no explanation, no code fence. It must follow this JSON schema:\n{schema.GetRawText()}", null);
        }

        if (begun)
        {
            _json.WriteEndArray();
        }
    }

    private void BeginSystem(ref bool begun)
    {
        if (!begun)
        {
            _json.WriteStartArray("system"u8);
            begun = true;
        }
    }

    private void WriteTurn(MessageTurn turn)
    {
        _json.WriteStartObject();
        _json.WriteString("role"u8, turn.IsAssistant ? "assistant"u8 : "user"u8);
        if (turn.Parts is [TextPart { Cache: null } only])
        {
            _json.WriteString("content"u8, only.Text);
        }
        else
        {
            _json.WriteStartArray("content"u8);
            foreach (var part in turn.Parts)
            {
                WritePart(part);
            }

            _json.WriteEndArray();
        }

        _json.WriteEndObject();
    }

    private void WritePart(ChatPart part)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(text.Text, text.Cache);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text, null);
                break;
            case ImagePart image:
                WriteMedia(image.Source, image.Cache, null, "image");
                break;
            case FilePart file:
                WriteMedia(file.Source, file.Cache, file.Name, "document");
                break;
            case ToolCallPart call:
                WriteCall(call);
                break;
            case ToolResultPart result:
                WriteResult(result);
                break;
            case ReasoningPart thought:
                WriteThought(thought);
                break;
            case AudioPart:
                throw new TranslationException("The model's upstream takes no audio.");
            case VideoPart:
                throw new TranslationException("The model's upstream takes no video.");
        }
    }

    private void WriteText(string text, CacheMark? mark)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "text"u8);
        _json.WriteString("text"u8, text);
        WriteEnd(mark);
    }

    private void WriteThought(ReasoningPart thought)
    {
        _json.WriteStartObject();
        if (thought.Encrypted is { } data)
        {
            _json.WriteString("type"u8, "redacted_thinking"u8);
            _json.WriteString("data"u8, data);
        }
        else
        {
            _json.WriteString("type"u8, "thinking"u8);
            _json.WriteString("thinking"u8, thought.Text);
            _json.WriteString("signature"u8, thought.Signature);
        }

        _json.WriteEndObject();
    }

    private void WriteMedia(MediaSource source, CacheMark? mark, string? name, string kind)
    {
        var type = source.MimeType ?? MimeTypes.OfData(source.Base64) ?? MimeTypes.OfName(name);
        if (source.FileId is not null)
        {
            throw new TranslationException("A file that was uploaded to one provider is unknown to the model's upstream; send its data.");
        }

        var isText = kind == "document" && MimeTypes.IsText(type) && source.Base64 is not null;
        _json.WriteStartObject();
        _json.WriteString("type"u8, type == "application/pdf" ? "document" : kind);
        _json.WriteStartObject("source"u8);
        if (source.Url is { } url)
        {
            _json.WriteString("type"u8, "url"u8);
            _json.WriteString("url"u8, url);
        }
        else if (isText)
        {
            _json.WriteString("type"u8, "text"u8);
            _json.WriteString("media_type"u8, "text/plain"u8);
            _json.WriteString("data"u8, Documents.Decode(source.Base64!));
        }
        else
        {
            _json.WriteString("type"u8, "base64"u8);
            _json.WriteString("media_type"u8, type ?? (kind == "document" ? "application/pdf" : "image/jpeg"));
            _json.WriteString("data"u8, source.Base64);
        }

        _json.WriteEndObject();
        if (name is not null)
        {
            _json.WriteString("title"u8, name);
        }

        WriteEnd(mark);
    }

    private void WriteCall(ToolCallPart call)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "tool_use"u8);
        _json.WriteString("id"u8, CallId(call.Id));
        _json.WriteString("name"u8, call.Name);
        _json.WritePropertyName("input"u8);
        ToolInput.Write(_json, call.Arguments);
        WriteEnd(call.Cache);
    }

    private void WriteResult(ToolResultPart result)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "tool_result"u8);
        _json.WriteString("tool_use_id"u8, CallId(result.CallId));
        if (result.Content is [TextPart { Cache: null } only])
        {
            if (only.Text.Length > 0)
            {
                _json.WriteString("content"u8, only.Text);
            }
        }
        else if (result.Content.Count > 0)
        {
            _json.WriteStartArray("content"u8);
            foreach (var part in result.Content)
            {
                if (part is not TextPart { Text.Length: 0 })
                {
                    WritePart(part);
                }
            }

            _json.WriteEndArray();
        }

        if (result.IsError)
        {
            _json.WriteBoolean("is_error"u8, true);
        }

        WriteEnd(result.Cache);
    }

    /// <summary>Only letters, digits, underscores and dashes are taken; Kimi, for one, makes ids like <c>functions.get:0</c>.</summary>
    private static string CallId(string id)
    {
        foreach (var letter in id)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('_' or '-'))
            {
                return string.Create(id.Length, id, static (text, from) =>
                {
                    for (var at = 0; at < text.Length; at++)
                    {
                        text[at] = char.IsAsciiLetterOrDigit(from[at]) || from[at] is '_' or '-' ? from[at] : '_';
                    }
                });
            }
        }

        return id;
    }

    private void WriteEnd(CacheMark? mark)
    {
        WriteCache(mark);
        _json.WriteEndObject();
    }

    private void WriteCache(CacheMark? mark)
    {
        if (mark is null)
        {
            return;
        }

        _json.WriteStartObject("cache_control"u8);
        _json.WriteString("type"u8, "ephemeral"u8);
        if (mark.Ttl is { } ttl)
        {
            _json.WriteString("ttl"u8, ttl);
        }

        _json.WriteEndObject();
    }

    private void WriteSampling(in ThinkingPlan thinking)
    {
        if (!thinking.IsOn && !_model.AdaptiveOnly)
        {
            if (_request.Temperature is { } temperature)
            {
                // OpenAI's goes up to 2.
                _json.WriteNumber("temperature"u8, Math.Min(temperature, 1m));
            }

            if (_request.TopP is { } topP && !(_model.OneSampling && _request.Temperature is not null))
            {
                _json.WriteNumber("top_p"u8, topP);
            }

            if (_request.TopK is { } topK)
            {
                _json.WriteNumber("top_k"u8, topK);
            }
        }

        // A sequence of spaces and line ends is refused.
        var stops = _request.Stop.Where(stop => !string.IsNullOrWhiteSpace(stop)).ToList();
        if (stops.Count > 0)
        {
            _json.WriteStartArray("stop_sequences"u8);
            foreach (var stop in stops)
            {
                _json.WriteStringValue(stop);
            }

            _json.WriteEndArray();
        }
    }

    private void WriteTools()
    {
        if (_request.Tools.Count == 0 && _request.WebSearch is null)
        {
            return;
        }

        if (_model.Formats && _request.Format?.Schema is { } form)
        {
            _strict.Add(form);
        }

        _json.WriteStartArray("tools"u8);
        foreach (var tool in _request.Tools)
        {
            _json.WriteStartObject();
            if (tool.BuiltIn is not null)
            {
                WriteBuiltIn(tool);
            }
            else
            {
                WriteFunction(tool);
            }

            WriteEnd(tool.Cache);
        }

        if (_request.WebSearch is { } search)
        {
            WriteSearch(search);
        }

        _json.WriteEndArray();
        WriteToolChoice();
    }

    private void WriteBuiltIn(ChatTool tool)
    {
        var (type, name) = tool.Kind switch
        {
            BuiltInTool.CodeExecution => ("code_execution_20250825", "code_execution"),
            BuiltInTool.UrlContext => ("web_fetch_20250910", "web_fetch"),
            _ => throw new TranslationException($"The model's upstream has no built-in tool like '{tool.Name}'."),
        };
        _json.WriteString("type"u8, type);
        _json.WriteString("name"u8, name);
    }

    private void WriteFunction(ChatTool tool)
    {
        _json.WriteString("name"u8, tool.Name);
        if (tool.Description is { Length: > 0 } description)
        {
            _json.WriteString("description"u8, description);
        }

        var strict = tool.Strict == true && _model.Formats && tool.Parameters is { } wanted && _strict.Take(wanted);
        if (strict)
        {
            _json.WritePropertyName("input_schema"u8);
            OutputSchema.Write(_json, tool.Parameters!.Value);
            _json.WriteBoolean("strict"u8, true);
        }
        else if (tool.Parameters is { } schema && schema.Find("type"u8) is not null)
        {
            _json.WriteRaw("input_schema"u8, schema);
        }
        else
        {
            _json.WriteStartObject("input_schema"u8);
            _json.WriteString("type"u8, "object"u8);
            foreach (var member in tool.Parameters?.EnumerateObject() ?? default)
            {
                member.WriteTo(_json);
            }

            if (tool.Parameters?.Find("properties"u8) is null)
            {
                _json.WriteStartObject("properties"u8);
                _json.WriteEndObject();
            }

            _json.WriteEndObject();
        }
    }

    private void WriteSearch(WebSearchWish search)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "web_search_20250305"u8);
        _json.WriteString("name"u8, "web_search"u8);
        if (search.ToMaxUses() is { } most)
        {
            _json.WriteNumber("max_uses"u8, most);
        }

        if (search.Location is { } location)
        {
            _json.WriteStartObject("user_location"u8);
            _json.WriteString("type"u8, "approximate"u8);
            ChatRequestWriter.WriteLocation(_json, location);
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    private void WriteToolChoice()
    {
        var mode = _request.ToolChoice?.Mode;
        var alone = _request.ParallelToolCalls == false && mode != ToolChoiceMode.None;
        if (mode is null && !alone)
        {
            return;
        }

        _json.WriteStartObject("tool_choice"u8);
        _json.WriteString("type"u8, mode switch
        {
            ToolChoiceMode.Required => "any"u8,
            ToolChoiceMode.None => "none"u8,
            ToolChoiceMode.Named => "tool"u8,
            _ => "auto"u8,
        });
        if (mode == ToolChoiceMode.Named)
        {
            _json.WriteString("name"u8, _request.ToolChoice!.Name);
        }

        if (alone)
        {
            _json.WriteBoolean("disable_parallel_tool_use"u8, true);
        }

        _json.WriteEndObject();
    }

    private void WriteOutput(in ThinkingPlan thinking)
    {
        var schema = _model.Formats ? _request.Format?.Schema : null;
        if (thinking.Effort is null && schema is null)
        {
            return;
        }

        _json.WriteStartObject("output_config"u8);
        if (thinking.Effort is { } effort)
        {
            _json.WriteString("effort"u8, effort);
        }

        if (schema is { } wanted)
        {
            _json.WriteStartObject("format"u8);
            _json.WriteString("type"u8, "json_schema"u8);
            _json.WritePropertyName("schema"u8);
            OutputSchema.Write(_json, wanted);
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }
}
