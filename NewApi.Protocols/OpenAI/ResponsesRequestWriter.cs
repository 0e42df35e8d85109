using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>Writes a request for a response (specification: relay §5.6).</summary>
internal sealed class ResponsesRequestWriter
{
    /// <summary>OpenAI takes no smaller bound.</summary>
    private const long LeastOutput = 16;

    private readonly ChatRequest _request;
    private readonly UpstreamTraits _traits;
    private readonly Utf8JsonWriter _json;
    private readonly HashSet<string> _custom;
    private readonly HashSet<string> _customCalls = [];

    private ResponsesRequestWriter(ChatRequest request, in UpstreamTraits traits, Utf8JsonWriter json)
    {
        _request = request;
        _traits = traits;
        _json = json;
        _custom = [.. request.Tools.Where(tool => tool.IsCustom).Select(tool => tool.Name)];
    }

    public static void Write(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        new ResponsesRequestWriter(request, traits, json).Write();
    }

    private void Write()
    {
        if (_request.Choices > 1)
        {
            throw new TranslationException("The provider of this model gives one answer per request: 'n' must be 1.");
        }

        if (_request.Stop.Count > 0)
        {
            throw new TranslationException("The provider of this model knows no stop sequences.");
        }

        _json.WriteStartObject();
        _json.WriteString("model"u8, _request.Model);
        if (_request.Stream)
        {
            _json.WriteBoolean("stream"u8, true);
        }

        WriteInstructions();
        WriteInput();
        WriteTools();
        WriteToolChoice();
        WriteText();
        var reasons = WriteReasoning();
        WriteSettings(reasons);
        _json.WriteEndObject();
    }

    private void WriteInstructions()
    {
        var texts = _request.Messages
            .Where(message => message.Role is ChatRole.System or ChatRole.Developer)
            .Select(message => string.Join('\n', message.Parts.OfType<TextPart>().Select(part => part.Text)))
            .Where(text => !string.IsNullOrWhiteSpace(text))
            .ToList();
        if (texts.Count > 0)
        {
            _json.WriteString("instructions"u8, string.Join("\n\n", texts));
        }
    }

    private void WriteInput()
    {
        _json.WriteStartArray("input"u8);
        foreach (var message in _request.Messages)
        {
            switch (message.Role)
            {
                case ChatRole.System or ChatRole.Developer:
                    break;
                case ChatRole.Assistant:
                    WriteAssistant(message);
                    break;
                default:
                    WriteUser(message);
                    break;
            }
        }

        _json.WriteEndArray();
    }

    private void WriteAssistant(ChatMessage message)
    {
        var open = false;
        foreach (var part in message.Parts)
        {
            switch (part)
            {
                case TextPart { Text.Length: > 0 } text:
                    OpenMessage(ref open, "assistant"u8);
                    WriteTextPart("output_text"u8, "text"u8, text.Text);
                    break;
                case RefusalPart { Text.Length: > 0 } refusal:
                    OpenMessage(ref open, "assistant"u8);
                    WriteTextPart("refusal"u8, "refusal"u8, refusal.Text);
                    break;
                case ReasoningPart reasoning when ThoughtMark.Own(Dialect.OpenAIResponses, reasoning.Encrypted) is { } encrypted:
                    CloseMessage(ref open);
                    WriteThoughts(reasoning, encrypted);
                    break;
                case ToolCallPart call:
                    CloseMessage(ref open);
                    WriteCall(call);
                    break;
                default:
                    // Thoughts that OpenAI cannot verify, and what only another dialect has a word for, stay out.
                    break;
            }
        }

        CloseMessage(ref open);
    }

    private void OpenMessage(ref bool open, ReadOnlySpan<byte> role)
    {
        if (!open)
        {
            open = true;
            _json.WriteStartObject();
            _json.WriteString("type"u8, "message"u8);
            _json.WriteString("role"u8, role);
            _json.WriteStartArray("content"u8);
        }
    }

    private void CloseMessage(ref bool open)
    {
        if (open)
        {
            open = false;
            _json.WriteEndArray();
            _json.WriteEndObject();
        }
    }

    private void WriteTextPart(ReadOnlySpan<byte> type, ReadOnlySpan<byte> member, string text)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
        _json.WriteString(member, text);
        _json.WriteEndObject();
    }

    private void WriteThoughts(ReasoningPart reasoning, string encrypted)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "reasoning"u8);
        if (reasoning.Id is { } id)
        {
            _json.WriteString("id"u8, id);
        }

        _json.WriteStartArray("summary"u8);
        if (reasoning.Text.Length > 0)
        {
            WriteTextPart("summary_text"u8, "text"u8, reasoning.Text);
        }

        _json.WriteEndArray();
        _json.WriteString("encrypted_content"u8, encrypted);
        _json.WriteEndObject();
    }

    private void WriteCall(ToolCallPart call)
    {
        var custom = _custom.Contains(call.Name);
        if (custom)
        {
            _customCalls.Add(call.Id);
        }

        _json.WriteStartObject();
        _json.WriteString("type"u8, custom ? "custom_tool_call"u8 : "function_call"u8);
        _json.WriteString("call_id"u8, call.Id);
        _json.WriteString("name"u8, call.Name);
        if (custom)
        {
            _json.WriteString("input"u8, CustomTools.ToInput(call.Arguments));
        }
        else
        {
            _json.WriteString("arguments"u8, string.IsNullOrWhiteSpace(call.Arguments) ? "{}" : call.Arguments);
        }

        _json.WriteEndObject();
    }

    private void WriteUser(ChatMessage message)
    {
        var open = false;
        foreach (var part in message.Parts)
        {
            if (part is not ToolResultPart result)
            {
                OpenUserPart(ref open, part);
                continue;
            }

            if (result.CallId.Length == 0)
            {
                OpenMessage(ref open, "user"u8);
                WriteTextPart("input_text"u8, "text"u8, "[tool output]");
                foreach (var inner in result.Content)
                {
                    WritePart(inner);
                }

                continue;
            }

            CloseMessage(ref open);
            WriteResult(result);
        }

        CloseMessage(ref open);
    }

    private void OpenUserPart(ref bool open, ChatPart part)
    {
        if (part is TextPart { Text.Length: > 0 } or RefusalPart or ImagePart or AudioPart or VideoPart or FilePart)
        {
            OpenMessage(ref open, "user"u8);
            WritePart(part);
        }
    }

    private void WriteResult(ToolResultPart result)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, _customCalls.Contains(result.CallId) ? "custom_tool_call_output"u8 : "function_call_output"u8);
        _json.WriteString("call_id"u8, result.CallId);
        if (result.Content.TrueForAll(part => part is TextPart))
        {
            _json.WriteString("output"u8, string.Join('\n', result.Content.Cast<TextPart>().Select(part => part.Text)));
        }
        else
        {
            _json.WriteStartArray("output"u8);
            foreach (var part in result.Content)
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
                WriteTextPart("input_text"u8, "text"u8, text.Text);
                break;
            case RefusalPart refusal:
                WriteTextPart("input_text"u8, "text"u8, refusal.Text);
                break;
            case ImagePart image:
                _json.WriteStartObject();
                _json.WriteString("type"u8, "input_image"u8);
                WriteSource("image_url"u8, image.Source, "image/png");
                if (image.Detail is { } detail)
                {
                    _json.WriteString("detail"u8, detail);
                }

                _json.WriteEndObject();
                break;
            case AudioPart audio:
                WriteAudio(audio.Source);
                break;
            case VideoPart video:
                _json.WriteStartObject();
                _json.WriteString("type"u8, "input_video"u8);
                WriteSource("video_url"u8, video.Source, "video/mp4");
                _json.WriteEndObject();
                break;
            case FilePart file:
                WriteFile(file);
                break;
            default:
                break;
        }
    }

    private void WriteSource(ReadOnlySpan<byte> member, MediaSource source, string fallback)
    {
        if (source.FileId is { } id)
        {
            _json.WriteString("file_id"u8, id);
        }
        else
        {
            _json.WriteString(member, source.Url ?? (source with { MimeType = source.MimeType ?? fallback }).ToUrl());
        }
    }

    private void WriteAudio(MediaSource source)
    {
        if (source.Base64 is not { } data)
        {
            throw new TranslationException("The provider of this model takes sound only as data, not by address or id.");
        }

        _json.WriteStartObject();
        _json.WriteString("type"u8, "input_audio"u8);
        _json.WriteStartObject("input_audio"u8);
        _json.WriteString("data"u8, data);
        _json.WriteString("format"u8, source.MimeType switch
        {
            "audio/mpeg" or "audio/mp3" => "mp3",
            null or "audio/wav" or "audio/x-wav" or "audio/wave" => "wav",
            { } type => type[(type.IndexOf('/', StringComparison.Ordinal) + 1)..],
        });
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void WriteFile(FilePart file)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "input_file"u8);
        if (file.Source.FileId is { } id)
        {
            _json.WriteString("file_id"u8, id);
        }
        else if (file.Source.Url is { } address)
        {
            _json.WriteString("file_url"u8, address);
        }
        else
        {
            _json.WriteString("filename"u8, file.Name ?? "document.pdf");
            _json.WriteString("file_data"u8, (file.Source with { MimeType = file.Source.MimeType ?? "application/pdf" }).ToUrl());
        }

        _json.WriteEndObject();
    }

    private void WriteTools()
    {
        var image = _request.Modalities.Contains("image");
        if (_request.Tools.Count == 0 && _request.WebSearch is null && !image)
        {
            return;
        }

        _json.WriteStartArray("tools"u8);
        foreach (var tool in _request.Tools)
        {
            WriteTool(tool);
        }

        if (_request.WebSearch is { } search)
        {
            WriteSearch(search);
        }

        if (image)
        {
            _json.WriteStartObject();
            _json.WriteString("type"u8, "image_generation"u8);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteTool(ChatTool tool)
    {
        if (tool.Kind == BuiltInTool.CodeExecution)
        {
            _json.WriteStartObject();
            _json.WriteString("type"u8, "code_interpreter"u8);
            _json.WriteStartObject("container"u8);
            _json.WriteString("type"u8, "auto"u8);
            _json.WriteEndObject();
            _json.WriteEndObject();
            return;
        }

        if (tool.Kind == BuiltInTool.WebSearch)
        {
            if (_request.WebSearch is null)
            {
                WriteSearch(new WebSearchWish());
            }

            return;
        }

        if (tool.BuiltIn is { } own)
        {
            // OpenAI chat has the same tools under the same names; of others' tools OpenAI has none.
            if (tool.Kind == BuiltInTool.None && own.Word("type"u8) == tool.Name)
            {
                own.WriteTo(_json);
                return;
            }

            throw new TranslationException($"The provider of this model has no tool '{tool.Name}'.");
        }

        _json.WriteStartObject();
        if (tool.IsCustom)
        {
            _json.WriteString("type"u8, "custom"u8);
            _json.WriteString("name"u8, tool.Name);
            WriteDescription(tool);
            _json.WriteEndObject();
            return;
        }

        _json.WriteString("type"u8, "function"u8);
        _json.WriteString("name"u8, tool.Name);
        WriteDescription(tool);
        _json.WritePropertyName("parameters"u8);
        if (tool.Parameters is { } parameters)
        {
            parameters.WriteTo(_json);
        }
        else
        {
            _json.WriteStartObject();
            _json.WriteString("type"u8, "object"u8);
            _json.WriteStartObject("properties"u8);
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        // Here strict is the default, elsewhere it is not.
        _json.WriteBoolean("strict"u8, tool.Strict ?? false);
        _json.WriteEndObject();
    }

    private void WriteDescription(ChatTool tool)
    {
        if (tool.Description is { } description)
        {
            _json.WriteString("description"u8, description);
        }
    }

    private void WriteSearch(WebSearchWish search)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "web_search"u8);
        if (search.ToContextSize() is { } size)
        {
            _json.WriteString("search_context_size"u8, size);
        }

        if (search.Location is { ValueKind: JsonValueKind.Object } location)
        {
            _json.WriteStartObject("user_location"u8);
            _json.WriteString("type"u8, "approximate"u8);
            foreach (var member in location.EnumerateObject())
            {
                if (!member.NameEquals("type"u8))
                {
                    member.WriteTo(_json);
                }
            }

            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    private void WriteToolChoice()
    {
        if (_request.ToolChoice is not { } choice || (_request.Tools.Count == 0 && _request.WebSearch is null))
        {
            return;
        }

        switch (choice.Mode)
        {
            case ToolChoiceMode.Named:
                _json.WriteStartObject("tool_choice"u8);
                _json.WriteString("type"u8, _custom.Contains(choice.Name ?? "") ? "custom"u8 : "function"u8);
                _json.WriteString("name"u8, choice.Name);
                _json.WriteEndObject();
                break;
            case ToolChoiceMode.None:
                _json.WriteString("tool_choice"u8, "none"u8);
                break;
            case ToolChoiceMode.Required:
                _json.WriteString("tool_choice"u8, "required"u8);
                break;
            default:
                _json.WriteString("tool_choice"u8, "auto"u8);
                break;
        }
    }

    private void WriteText()
    {
        if (_request.Format is null && _request.Verbosity is null)
        {
            return;
        }

        _json.WriteStartObject("text"u8);
        if (_request.Format is { } format)
        {
            _json.WriteStartObject("format"u8);
            if (format.Schema is { } schema)
            {
                _json.WriteString("type"u8, "json_schema"u8);
                _json.WriteString("name"u8, format.Name ?? "answer");
                if (format.Description is { } description)
                {
                    _json.WriteString("description"u8, description);
                }

                _json.WritePropertyName("schema"u8);
                schema.WriteTo(_json);
                _json.WriteBoolean("strict"u8, format.Strict ?? false);
            }
            else
            {
                _json.WriteString("type"u8, "json_object"u8);
            }

            _json.WriteEndObject();
        }

        if (_request.Verbosity is { } verbosity)
        {
            _json.WriteString("verbosity"u8, verbosity);
        }

        _json.WriteEndObject();
    }

    /// <summary>Returns whether the model is asked to reason.</summary>
    private bool WriteReasoning()
    {
        if (_request.Reasoning is not { } wish || !OpenAIModels.CanReason(_request.Model))
        {
            return false;
        }

        var effort = OpenAIWords.Effort(wish);
        var off = wish.ToEffort() == "none";
        var summary = wish.Summary ?? (wish.Show == false || off ? null : "detailed");
        if (effort is null && summary is null)
        {
            return false;
        }

        _json.WriteStartObject("reasoning"u8);
        if (effort is not null)
        {
            _json.WriteString("effort"u8, effort);
        }

        if (summary is not null)
        {
            _json.WriteString("summary"u8, summary);
        }

        _json.WriteEndObject();
        return !off;
    }

    private void WriteSettings(bool reasons)
    {
        if (_request.MaxOutput is { } most)
        {
            _json.WriteNumber("max_output_tokens"u8, Math.Max(most, LeastOutput));
        }

        // Models that reason refuse sampling, and tell no probabilities.
        var samples = !OpenAIModels.Reasons(_request.Model);
        if (samples && _request.Temperature is { } temperature)
        {
            _json.WriteNumber("temperature"u8, temperature);
        }

        if (samples && _request.TopP is { } topP)
        {
            _json.WriteNumber("top_p"u8, topP);
        }

        if (_request.ParallelToolCalls is { } parallel)
        {
            _json.WriteBoolean("parallel_tool_calls"u8, parallel);
        }

        var logProbs = samples && _request.LogProbs == true;
        if (logProbs)
        {
            _json.WriteNumber("top_logprobs"u8, _request.TopLogProbs ?? 0);
        }

        // Thoughts come back to OpenAI by way of the caller, since nothing is stored there.
        if (reasons || logProbs)
        {
            _json.WriteStartArray("include"u8);
            if (reasons)
            {
                _json.WriteStringValue("reasoning.encrypted_content"u8);
            }

            if (logProbs)
            {
                _json.WriteStringValue("message.output_text.logprobs"u8);
            }

            _json.WriteEndArray();
        }

        // The other dialects store nothing unless asked to; this one does.
        if ((_traits.Removed & RequestFields.Store) == 0)
        {
            _json.WriteBoolean("store"u8, _request.Store ?? false);
        }

        if (_request.Metadata is { ValueKind: JsonValueKind.Object } metadata)
        {
            _json.WritePropertyName("metadata"u8);
            metadata.WriteTo(_json);
        }

        Text("user"u8, _request.EndUser is { } user ? OpenAIWords.User(user) : null);
        Text("prompt_cache_key"u8, _request.PromptCacheKey);
        if (_request.ServiceTier is { } tier && (_traits.Removed & RequestFields.ServiceTier) == 0)
        {
            _json.WriteString("service_tier"u8, OpenAIWords.Tier(tier));
        }

        foreach (var (name, value) in _request.Extensions)
        {
            var wanted = name is "prompt_cache_retention" or "truncation" or "max_tool_calls"
                || (name == "safety_identifier" && (_traits.Removed & RequestFields.SafetyIdentifier) == 0);
            if (wanted)
            {
                _json.WritePropertyName(name);
                value.WriteTo(_json);
            }
        }
    }

    private void Text(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            _json.WriteString(name, value);
        }
    }
}
