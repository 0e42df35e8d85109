using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>Writes a request for an upstream that speaks OpenAI chat.</summary>
internal readonly struct ChatRequestWriter(Utf8JsonWriter json, string model, UpstreamTraits traits)
{
    private const int MostStops = 4;

    public static void Write(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        new ChatRequestWriter(json, request.Model, traits).WriteBody(request);
    }

    private void WriteBody(ChatRequest request)
    {
        json.WriteStartObject();
        json.WriteString("model"u8, request.Model);
        json.WriteStartArray("messages"u8);
        WriteMessages(request.Messages);
        json.WriteEndArray();
        if (request.Stream)
        {
            json.WriteBoolean("stream"u8, true);
            if (traits.StreamOptions)
            {
                json.WriteStartObject("stream_options"u8);
                json.WriteBoolean("include_usage"u8, true);
                json.WriteEndObject();
            }
        }

        if (request.MaxOutput is { } bound)
        {
            json.WriteNumber(traits.MaxTokensOnly ? "max_tokens"u8 : "max_completion_tokens"u8, bound);
        }

        WriteSampling(request);
        WriteTools(request);
        WriteFormat(request.Format);
        WriteReasoning(request);
        WriteSearch(request.WebSearch);
        WriteRest(request);
        json.WriteEndObject();
    }

    private void WriteMessages(List<ChatMessage> messages)
    {
        // What a function answered besides text: tool messages cannot carry it, so a user message after the last of them does.
        List<ChatPart>? shown = null;
        foreach (var message in messages)
        {
            if (message.Role == ChatRole.Tool)
            {
                foreach (var part in message.Parts)
                {
                    if (part is ToolResultPart result)
                    {
                        WriteResult(result, ref shown);
                    }
                }

                continue;
            }

            if (message.Role == ChatRole.User && shown is not null)
            {
                shown.AddRange(message.Parts);
                WriteMessage(new ChatMessage(ChatRole.User, shown) { Name = message.Name });
                shown = null;
                continue;
            }

            Flush(ref shown);
            WriteMessage(message);
        }

        Flush(ref shown);
    }

    private void Flush(ref List<ChatPart>? shown)
    {
        if (shown is not null)
        {
            WriteMessage(new ChatMessage(ChatRole.User, shown));
            shown = null;
        }
    }

    private void WriteResult(ToolResultPart result, ref List<ChatPart>? shown)
    {
        foreach (var part in result.Content)
        {
            if (part is not (TextPart or RefusalPart))
            {
                (shown ??= []).Add(part);
            }
        }

        json.WriteStartObject();
        json.WriteString("role"u8, "tool"u8);
        json.WriteString("tool_call_id"u8, result.CallId);
        var text = Text(result.Content, "\n");
        if (traits.OpenRouter && result.Cache is { } mark)
        {
            json.WriteStartArray("content"u8);
            WriteText(text, mark);
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("content"u8, text.Length == 0 && result.Content.Count > 0 ? "(attached to the next message)" : text);
        }

        json.WriteEndObject();
    }

    private void WriteMessage(ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, message.Role switch
        {
            // Most upstreams refuse the word, and no model but those means anything else by it.
            ChatRole.Developer when SystemPrompts.KnowsDeveloper(model) => "developer"u8,
            ChatRole.System or ChatRole.Developer => "system"u8,
            ChatRole.Assistant => "assistant"u8,
            _ => "user"u8,
        });
        if (message.Name is { } name)
        {
            json.WriteString("name"u8, name);
        }

        if (message.Role == ChatRole.Assistant)
        {
            WriteAssistant(message.Parts);
        }
        else
        {
            WriteContent(message.Parts);
        }

        json.WriteEndObject();
    }

    private void WriteContent(List<ChatPart> parts)
    {
        if (IsPlain(parts))
        {
            json.WriteString("content"u8, Text(parts, "\n"));
            return;
        }

        json.WriteStartArray("content"u8);
        foreach (var part in parts)
        {
            WritePart(part);
        }

        json.WriteEndArray();
    }

    private void WriteAssistant(List<ChatPart> parts)
    {
        var calls = parts.Exists(part => part is ToolCallPart);
        var refusal = string.Concat(parts.OfType<RefusalPart>().Select(part => part.Text));
        var text = string.Concat(parts.OfType<TextPart>().Select(part => part.Text));
        if (text.Length > 0 && traits.OpenRouter && parts.Exists(part => part is TextPart { Cache: not null }))
        {
            json.WriteStartArray("content"u8);
            foreach (var part in parts.OfType<TextPart>())
            {
                WriteText(part.Text, part.Cache);
            }

            json.WriteEndArray();
        }
        else if (text.Length > 0 || (!calls && refusal.Length == 0))
        {
            json.WriteString("content"u8, text);
        }
        else
        {
            json.WriteNull("content"u8);
        }

        if (refusal.Length > 0)
        {
            json.WriteString("refusal"u8, refusal);
        }

        if (traits.OpenRouter)
        {
            ReasoningDetails.Write(json, parts);
        }
        else if (traits.TakesReasoning)
        {
            ReasoningDetails.WriteText(json, parts, always: calls && traits.NeedsReasoning);
        }

        if (calls)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (var part in parts)
            {
                if (part is ToolCallPart call)
                {
                    WriteCall(json, call);
                }
            }

            json.WriteEndArray();
        }
    }

    internal static void WriteCall(Utf8JsonWriter json, ToolCallPart call, bool custom = false)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, call.Id);
        if (custom)
        {
            json.WriteString("type"u8, "custom"u8);
            json.WriteStartObject("custom"u8);
            json.WriteString("name"u8, call.Name);
            json.WriteString("input"u8, CustomTools.ToInput(call.Arguments));
            json.WriteEndObject();
            json.WriteEndObject();
            return;
        }

        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, call.Name);
        json.WriteString("arguments"u8, call.Arguments.Length == 0 ? "{}" : call.Arguments);
        json.WriteEndObject();
        if (call.Signature is { } signature)
        {
            json.WriteStartObject("extra_content"u8);
            json.WriteStartObject("google"u8);
            json.WriteString("thought_signature"u8, signature);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private bool IsPlain(List<ChatPart> parts)
    {
        foreach (var part in parts)
        {
            if (part is not (TextPart or RefusalPart or ReasoningPart or ForeignPart) || (part.Cache is not null && traits.OpenRouter))
            {
                return false;
            }
        }

        return true;
    }

    private static string Text(List<ChatPart> parts, string between) =>
        string.Join(between, parts.Where(part => part is TextPart or RefusalPart)
            .Select(part => part is TextPart text ? text.Text : ((RefusalPart)part).Text));

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
            case ImagePart { Source.FileId: null } image:
                json.WriteStartObject();
                json.WriteString("type"u8, "image_url"u8);
                json.WriteStartObject("image_url"u8);
                json.WriteString("url"u8, Located(image.Source).ToUrl());
                if (image.Detail is { } detail)
                {
                    json.WriteString("detail"u8, detail);
                }

                json.WriteEndObject();
                WriteEnd(image.Cache);
                break;
            case VideoPart { Source.FileId: null } video:
                json.WriteStartObject();
                json.WriteString("type"u8, "video_url"u8);
                json.WriteStartObject("video_url"u8);
                json.WriteString("url"u8, video.Source.ToUrl());
                json.WriteEndObject();
                WriteEnd(video.Cache);
                break;
            case AudioPart { Source.Base64: { } data } audio:
                json.WriteStartObject();
                json.WriteString("type"u8, "input_audio"u8);
                json.WriteStartObject("input_audio"u8);
                json.WriteString("data"u8, data);
                json.WriteString("format"u8, AudioFormats.FromMimeType(audio.Source.MimeType));
                json.WriteEndObject();
                WriteEnd(audio.Cache);
                break;
            case FilePart file:
                WriteFile(file);
                break;
            case ReasoningPart or ForeignPart or ToolCallPart or ToolResultPart:
                break;
            default:
                throw new TranslationException("The model's upstream takes no media of this kind from this place; send them as base64 data.");
        }
    }

    private static MediaSource Located(MediaSource source) =>
        source.MimeType is null && source.Base64 is { } data ? source with { MimeType = MimeTypes.OfData(data) } : source;

    private void WriteFile(FilePart file)
    {
        var source = file.Source;
        if (source.Base64 is { } data && MimeTypes.IsText(source.MimeType))
        {
            WriteText(Documents.ToText(file.Name, data), file.Cache);
            return;
        }

        if (source.Base64 is null)
        {
            throw new TranslationException(source.FileId is null
                ? "The model's upstream cannot fetch documents; send them as base64 data."
                : "A file that was uploaded to one provider is unknown to the model's upstream; send its data.");
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "file"u8);
        json.WriteStartObject("file"u8);
        json.WriteString("filename"u8, file.Name ?? "document.pdf");
        json.WriteString("file_data"u8, source.ToUrl());
        json.WriteEndObject();
        WriteEnd(file.Cache);
    }

    private void WriteText(string text, CacheMark? mark)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        WriteEnd(mark);
    }

    private void WriteEnd(CacheMark? mark)
    {
        WriteCache(mark);
        json.WriteEndObject();
    }

    private void WriteCache(CacheMark? mark)
    {
        if (mark is null || !traits.OpenRouter)
        {
            return;
        }

        json.WriteStartObject("cache_control"u8);
        json.WriteString("type"u8, "ephemeral"u8);
        if (mark.Ttl is { } ttl)
        {
            json.WriteString("ttl"u8, ttl);
        }

        json.WriteEndObject();
    }

    private void WriteSampling(ChatRequest request)
    {
        if (request.Temperature is { } temperature)
        {
            json.WriteNumber("temperature"u8, temperature);
        }

        if (request.TopP is { } topP)
        {
            json.WriteNumber("top_p"u8, topP);
        }

        if (request.PresencePenalty is { } presence)
        {
            json.WriteNumber("presence_penalty"u8, presence);
        }

        if (request.FrequencyPenalty is { } frequency)
        {
            json.WriteNumber("frequency_penalty"u8, frequency);
        }

        if (request.Seed is { } seed)
        {
            json.WriteNumber("seed"u8, seed);
        }

        if (request.Choices is { } choices and not 1)
        {
            json.WriteNumber("n"u8, choices);
        }

        if (request.LogProbs is { } logProbs)
        {
            json.WriteBoolean("logprobs"u8, logProbs);
        }

        if (request.TopLogProbs is { } top)
        {
            json.WriteNumber("top_logprobs"u8, top);
        }

        if (request.Stop.Count == 1)
        {
            json.WriteString("stop"u8, request.Stop[0]);
        }
        else if (request.Stop.Count > 1)
        {
            json.WriteStartArray("stop"u8);
            foreach (var stop in request.Stop.Take(MostStops))
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }
    }

    private void WriteTools(ChatRequest request)
    {
        if (request.Tools.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools)
        {
            if (tool.BuiltIn is not null)
            {
                throw new TranslationException($"The model's upstream has no built-in tool like '{tool.Name}'.");
            }

            json.WriteStartObject();
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, tool.Name);
            if (tool.Description is { } description)
            {
                json.WriteString("description"u8, description);
            }

            if (tool.Parameters is { } parameters)
            {
                json.WriteRaw("parameters"u8, parameters);
            }

            if (tool.Strict is { } strict)
            {
                json.WriteBoolean("strict"u8, strict);
            }

            json.WriteEndObject();
            WriteEnd(tool.Cache);
        }

        json.WriteEndArray();
        switch (request.ToolChoice?.Mode)
        {
            case ToolChoiceMode.Auto:
                json.WriteString("tool_choice"u8, "auto"u8);
                break;
            case ToolChoiceMode.None:
                json.WriteString("tool_choice"u8, "none"u8);
                break;
            case ToolChoiceMode.Required:
                json.WriteString("tool_choice"u8, "required"u8);
                break;
            case ToolChoiceMode.Named:
                json.WriteStartObject("tool_choice"u8);
                json.WriteString("type"u8, "function"u8);
                json.WriteStartObject("function"u8);
                json.WriteString("name"u8, request.ToolChoice.Name);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
        }

        if (request.ParallelToolCalls is { } parallel)
        {
            json.WriteBoolean("parallel_tool_calls"u8, parallel);
        }
    }

    private void WriteFormat(ReplyFormat? format)
    {
        if (format is null)
        {
            return;
        }

        json.WriteStartObject("response_format"u8);
        if (format.Schema is { } schema)
        {
            json.WriteString("type"u8, "json_schema"u8);
            json.WriteStartObject("json_schema"u8);
            json.WriteString("name"u8, format.Name ?? "response");
            if (format.Description is { } description)
            {
                json.WriteString("description"u8, description);
            }

            if (format.Strict is { } strict)
            {
                json.WriteBoolean("strict"u8, strict);
            }

            json.WriteRaw("schema"u8, schema);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("type"u8, "json_object"u8);
        }

        json.WriteEndObject();
    }

    private void WriteReasoning(ChatRequest request)
    {
        if (request.Reasoning is not { } wish)
        {
            return;
        }

        if (traits.OpenRouter)
        {
            json.WriteStartObject("reasoning"u8);
            if (wish.Budget is { } budget && wish.Enabled != false)
            {
                json.WriteNumber("max_tokens"u8, budget);
            }
            else if (wish.ToEffort() is { } effort)
            {
                json.WriteString("effort"u8, effort);
            }
            else
            {
                json.WriteBoolean("enabled"u8, true);
            }

            if (wish.Show is { } show)
            {
                json.WriteBoolean("exclude"u8, !show);
            }

            json.WriteEndObject();
            return;
        }

        // Models that never reason refuse the member.
        if (OpenAIModels.CanReason(request.Model) && OpenAIWords.Effort(wish) is { } word)
        {
            json.WriteString("reasoning_effort"u8, word);
        }
    }

    private void WriteSearch(WebSearchWish? search)
    {
        if (search is null)
        {
            return;
        }

        json.WriteStartObject("web_search_options"u8);
        if (search.ToContextSize() is { } size)
        {
            json.WriteString("search_context_size"u8, size);
        }

        if (search.Location is { } location)
        {
            json.WriteStartObject("user_location"u8);
            json.WriteString("type"u8, "approximate"u8);
            json.WriteStartObject("approximate"u8);
            WriteLocation(json, location);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    internal static void WriteLocation(Utf8JsonWriter json, JsonElement location)
    {
        ReadOnlySpan<string> names = ["city", "country", "region", "timezone"];
        foreach (var name in names)
        {
            if (location.Word(Encoding.UTF8.GetBytes(name)) is { } value)
            {
                json.WriteString(name, value);
            }
        }
    }

    private void WriteRest(ChatRequest request)
    {
        if (request.Verbosity is { } verbosity)
        {
            json.WriteString("verbosity"u8, verbosity);
        }

        if (request.Modalities.Count > 0)
        {
            json.WriteStartArray("modalities"u8);
            json.WriteStringValue("text"u8);
            foreach (var modality in request.Modalities)
            {
                json.WriteStringValue(modality);
            }

            json.WriteEndArray();
        }

        if (request.AudioOutput is { } audio)
        {
            json.WriteRaw("audio"u8, audio);
        }

        if (request.EndUser is { } user)
        {
            json.WriteString("user"u8, OpenAIWords.User(user));
        }

        if (request.PromptCacheKey is { } key)
        {
            json.WriteString("prompt_cache_key"u8, key);
        }

        if (request.ServiceTier is { } tier && (traits.Removed & RequestFields.ServiceTier) == 0)
        {
            json.WriteString("service_tier"u8, OpenAIWords.Tier(tier));
        }

        if (request.Store is { } store && (traits.Removed & RequestFields.Store) == 0)
        {
            json.WriteBoolean("store"u8, store);
        }

        if (request.Metadata is { } metadata)
        {
            json.WriteRaw("metadata"u8, metadata);
        }
    }
}
