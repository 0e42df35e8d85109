using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>Writes a request for generated content (specification: relay §5.4).</summary>
internal sealed class GeminiRequestWriter
{
    private static readonly string[] SafetyCategories =
    [
        "HARM_CATEGORY_HARASSMENT",
        "HARM_CATEGORY_HATE_SPEECH",
        "HARM_CATEGORY_SEXUALLY_EXPLICIT",
        "HARM_CATEGORY_DANGEROUS_CONTENT",
        "HARM_CATEGORY_CIVIC_INTEGRITY",
    ];

    private readonly ChatRequest _request;
    private readonly UpstreamTraits _traits;
    private readonly Utf8JsonWriter _json;
    private readonly string _model;
    private readonly GeminiSuffix _suffix;
    private readonly JsonElement _google;
    private readonly Dictionary<string, string> _names = [];
    private readonly bool _sendsIds;
    private string? _role;

    private GeminiRequestWriter(ChatRequest request, UpstreamTraits traits, Utf8JsonWriter json)
    {
        _request = request;
        _traits = traits;
        _json = json;
        _model = GeminiThinking.Split(request.Model, traits.Gemini, out _suffix);
        _google = Google(request);
        _sendsIds = traits.Gemini is { RemoveFunctionResponseIdEnabled: false };
    }

    public static void Write(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        new GeminiRequestWriter(request, traits, json).Write();
    }

    /// <summary>What OpenAI clients say to Google's compatible interface: <c>extra_body.google</c>.</summary>
    private static JsonElement Google(ChatRequest request)
    {
        foreach (var (name, value) in request.Extensions)
        {
            if (name == "google")
            {
                return value;
            }

            if (name == "extra_body" && value.Find("google"u8) is { } google)
            {
                return google;
            }
        }

        return default;
    }

    private void Write()
    {
        _json.WriteStartObject();
        WriteContents();
        WriteSafety();
        WriteTools();
        WriteToolConfig();
        WriteConfig();
        if (_google.Word("cached_content"u8) is { Length: > 0 } cached)
        {
            _json.WriteString("cachedContent"u8, cached);
        }

        _json.WriteEndObject();
    }

    private void WriteContents()
    {
        var system = new StringBuilder();
        var others = false;
        foreach (var message in _request.Messages)
        {
            if (message.Role is not (ChatRole.System or ChatRole.Developer))
            {
                others = true;
                continue;
            }

            foreach (var part in message.Parts)
            {
                if (part is TextPart { Text: var text } && !string.IsNullOrWhiteSpace(text))
                {
                    system.Append(system.Length > 0 ? "\n" : "").Append(text);
                }
            }
        }

        if (system.Length > 0 && others)
        {
            _json.WriteStartObject("systemInstruction"u8);
            _json.WriteStartArray("parts"u8);
            WriteText(system.ToString());
            _json.WriteEndArray();
            _json.WriteEndObject();
        }

        _json.WriteStartArray("contents"u8);
        if (!others && system.Length > 0)
        {
            // Gemini wants a turn to answer.
            Turn("user");
            WriteText(system.ToString());
        }

        foreach (var message in _request.Messages)
        {
            WriteMessage(message);
        }

        EndTurn();
        _json.WriteEndArray();
    }

    private void WriteMessage(ChatMessage message)
    {
        switch (message.Role)
        {
            case ChatRole.System or ChatRole.Developer:
                break;
            case ChatRole.Assistant:
                WriteAssistant(message);
                break;
            default:
                foreach (var part in message.Parts)
                {
                    WriteUserPart(part);
                }

                break;
        }
    }

    /// <summary>Opens a turn, unless it is the one that is open: Gemini wants parallel results together.</summary>
    private void Turn(string role)
    {
        if (_role == role)
        {
            return;
        }

        EndTurn();
        _role = role;
        _json.WriteStartObject();
        _json.WriteString("role"u8, role);
        _json.WriteStartArray("parts"u8);
    }

    private void EndTurn()
    {
        if (_role is not null)
        {
            _json.WriteEndArray();
            _json.WriteEndObject();
            _role = null;
        }
    }

    private void WriteAssistant(ChatMessage message)
    {
        var first = true;
        foreach (var part in message.Parts)
        {
            switch (part)
            {
                case TextPart { Text.Length: > 0 } text:
                    Turn("model");
                    WriteText(text.Text);
                    break;
                case RefusalPart { Text.Length: > 0 } refusal:
                    Turn("model");
                    WriteText(refusal.Text);
                    break;
                case ReasoningPart reasoning when GeminiSignature.Own(reasoning.Signature) is { } signature:
                    Turn("model");
                    _json.WriteStartObject();
                    _json.WriteString("text"u8, reasoning.Text);
                    if (reasoning.Text.Length > 0)
                    {
                        _json.WriteBoolean("thought"u8, true);
                    }

                    _json.WriteString("thoughtSignature"u8, signature);
                    _json.WriteEndObject();
                    break;
                case ToolCallPart call:
                    Turn("model");
                    WriteCall(call, first);
                    first = false;
                    break;
                case ImagePart image:
                    Turn("model");
                    WriteMedia(image.Source, "image/png");
                    break;
                case AudioPart audio:
                    Turn("model");
                    WriteMedia(audio.Source, "audio/wav");
                    break;
                default:
                    // Thoughts without a proof are not asked back, and what only another dialect knows stays out.
                    break;
            }
        }
    }

    private void WriteUserPart(ChatPart part)
    {
        switch (part)
        {
            case TextPart { Text.Length: > 0 } text:
                Turn("user");
                WriteText(text.Text);
                break;
            case ImagePart image:
                Turn("user");
                WriteMedia(image.Source, "image/png");
                break;
            case AudioPart audio:
                Turn("user");
                WriteMedia(audio.Source, "audio/wav");
                break;
            case VideoPart video:
                Turn("user");
                WriteMedia(video.Source, "video/mp4");
                break;
            case FilePart file:
                Turn("user");
                WriteMedia(file.Source, GeminiMedia.TypeOfName(file.Name) ?? "application/pdf");
                break;
            case ToolResultPart result:
                Turn("user");
                WriteResult(result);
                break;
            default:
                break;
        }
    }

    private void WriteText(string text)
    {
        _json.WriteStartObject();
        _json.WriteString("text"u8, text);
        _json.WriteEndObject();
    }

    private void WriteCall(ToolCallPart call, bool first)
    {
        _names[call.Id] = call.Name;
        _json.WriteStartObject();
        _json.WriteStartObject("functionCall"u8);
        if (_sendsIds)
        {
            _json.WriteString("id"u8, call.Id);
        }

        _json.WriteString("name"u8, call.Name);
        _json.WritePropertyName("args"u8);
        WriteArguments(call);
        _json.WriteEndObject();
        if (call.Signature is { } signature)
        {
            _json.WriteString("thoughtSignature"u8, signature);
        }
        else if (first && NeedsSignature)
        {
            // Of parallel calls the first alone bears a signature.
            _json.WriteString("thoughtSignature"u8, GeminiSignature.Bypass);
        }

        _json.WriteEndObject();
    }

    /// <summary>The third series refuses calls without a signature, as they come from other models or from clients that lose it.</summary>
    private bool NeedsSignature => _traits.Gemini is not { FunctionCallThoughtSignatureEnabled: false } && GeminiThinking.Series(_model) is 0 or >= 3;

    private void WriteArguments(ToolCallPart call)
    {
        if (string.IsNullOrWhiteSpace(call.Arguments))
        {
            _json.WriteStartObject();
            _json.WriteEndObject();
            return;
        }

        if (Parse(call.Arguments) is not { ValueKind: JsonValueKind.Object } arguments)
        {
            throw new TranslationException($"The arguments of an earlier call of '{call.Name}' are not a JSON object.");
        }

        arguments.WriteTo(_json);
    }

    private static JsonElement? Parse(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void WriteResult(ToolResultPart result)
    {
        _json.WriteStartObject();
        _json.WriteStartObject("functionResponse"u8);
        if (_sendsIds)
        {
            _json.WriteString("id"u8, result.CallId);
        }

        _json.WriteString("name"u8, result.Name is { Length: > 0 } name ? name : _names.GetValueOrDefault(result.CallId) ?? result.CallId);
        _json.WritePropertyName("response"u8);
        WriteResponse(result);
        _json.WriteEndObject();
        _json.WriteEndObject();
        foreach (var part in result.Content)
        {
            if (part is not TextPart)
            {
                WriteUserPart(part);
            }
        }
    }

    /// <summary>A JSON object as it is; anything else inside one.</summary>
    private void WriteResponse(ToolResultPart result)
    {
        var text = string.Join('\n', result.Content.OfType<TextPart>().Select(part => part.Text));
        if (result.IsError)
        {
            _json.WriteStartObject();
            _json.WriteString("error"u8, text);
            _json.WriteEndObject();
            return;
        }

        var trimmed = text.AsSpan().TrimStart();
        var value = trimmed.StartsWith("{") || trimmed.StartsWith("[") ? Parse(text) : null;
        switch (value)
        {
            case { ValueKind: JsonValueKind.Object } whole:
                whole.WriteTo(_json);
                break;
            case { ValueKind: JsonValueKind.Array } list:
                _json.WriteStartObject();
                _json.WritePropertyName("result"u8);
                list.WriteTo(_json);
                _json.WriteEndObject();
                break;
            default:
                _json.WriteStartObject();
                _json.WriteString("content"u8, text);
                _json.WriteEndObject();
                break;
        }
    }

    private void WriteMedia(MediaSource source, string fallback)
    {
        if (source.FileId is not null)
        {
            throw new TranslationException("Files by id cannot be sent to Gemini: send the data, or an address.");
        }

        _json.WriteStartObject();
        if (source.Url is { } address)
        {
            _json.WriteStartObject("fileData"u8);
            if ((source.MimeType ?? GeminiMedia.TypeOfName(new Uri(address, UriKind.RelativeOrAbsolute) is { IsAbsoluteUri: true } uri ? uri.AbsolutePath : address)) is { } type)
            {
                _json.WriteString("mimeType"u8, type);
            }

            _json.WriteString("fileUri"u8, address);
        }
        else
        {
            var data = source.Base64 ?? "";
            var type = GeminiMedia.Normalize(source.MimeType) ?? GeminiMedia.TypeOfData(data) ?? fallback;
            if (!GeminiMedia.Takes(type))
            {
                throw new TranslationException($"Gemini takes no media of type '{type}'.");
            }

            _json.WriteStartObject("inlineData"u8);
            _json.WriteString("mimeType"u8, type);
            _json.WriteString("data"u8, data);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void WriteSafety()
    {
        if (_google.Find("safety_settings"u8) is { ValueKind: JsonValueKind.Array } said)
        {
            _json.WritePropertyName("safetySettings"u8);
            said.WriteTo(_json);
            return;
        }

        if (_traits.Gemini is not { } settings)
        {
            return;
        }

        _json.WriteStartArray("safetySettings"u8);
        foreach (var category in SafetyCategories)
        {
            _json.WriteStartObject();
            _json.WriteString("category"u8, category);
            _json.WriteString("threshold"u8, settings.Safety(category));
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteTools()
    {
        var functions = new List<ChatTool>();
        var search = _request.WebSearch is not null;
        var code = false;
        var url = false;
        foreach (var tool in _request.Tools)
        {
            search |= tool.Kind == BuiltInTool.WebSearch || (tool.BuiltIn is null && tool.Name == "googleSearch");
            code |= tool.Kind == BuiltInTool.CodeExecution || (tool.BuiltIn is null && tool.Name == "codeExecution");
            url |= tool.Kind == BuiltInTool.UrlContext || (tool.BuiltIn is null && tool.Name == "urlContext");
            if (tool.BuiltIn is null && tool.Name is not ("googleSearch" or "codeExecution" or "urlContext"))
            {
                functions.Add(tool);
            }
            else if (tool is { BuiltIn: not null, Kind: BuiltInTool.None })
            {
                throw new TranslationException($"Gemini has no tool '{tool.Name}'.");
            }
        }

        var more = _google.Find("tools"u8) is { ValueKind: JsonValueKind.Array } list ? list : default;
        if (functions.Count == 0 && !search && !code && !url && more.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        _json.WriteStartArray("tools"u8);
        if (functions.Count > 0)
        {
            _json.WriteStartObject();
            _json.WriteStartArray("functionDeclarations"u8);
            foreach (var function in functions)
            {
                WriteFunction(function);
            }

            _json.WriteEndArray();
            _json.WriteEndObject();
        }

        // Before the third series a request has either functions or tools of Google's own; what the caller must run comes first.
        if (functions.Count == 0 || CombinesTools)
        {
            WriteBuiltIn("googleSearch"u8, search);
            WriteBuiltIn("codeExecution"u8, code);
            WriteBuiltIn("urlContext"u8, url);
        }

        if (more.ValueKind == JsonValueKind.Array)
        {
            foreach (var tool in more.EnumerateArray())
            {
                tool.WriteTo(_json);
            }
        }

        _json.WriteEndArray();
        _combined = functions.Count > 0 && (search || code || url) && CombinesTools;
    }

    private bool _combined;

    private bool CombinesTools => GeminiThinking.TakesLevel(_model);

    private void WriteBuiltIn(ReadOnlySpan<byte> name, bool wanted)
    {
        if (wanted)
        {
            _json.WriteStartObject();
            _json.WriteStartObject(name);
            _json.WriteEndObject();
            _json.WriteEndObject();
        }
    }

    private void WriteFunction(ChatTool function)
    {
        _json.WriteStartObject();
        _json.WriteString("name"u8, function.Name);
        if (function.Description is { } description)
        {
            _json.WriteString("description"u8, description);
        }

        if (function.Parameters is { } parameters && !GeminiSchema.IsEmpty(parameters))
        {
            _json.WritePropertyName("parameters"u8);
            GeminiSchema.Write(_json, parameters);
        }

        _json.WriteEndObject();
    }

    private void WriteToolConfig()
    {
        var choice = _request.Tools.Exists(tool => tool.BuiltIn is null) ? _request.ToolChoice : null;
        if (choice is null && !_combined)
        {
            return;
        }

        _json.WriteStartObject("toolConfig"u8);
        if (choice is not null)
        {
            _json.WriteStartObject("functionCallingConfig"u8);
            _json.WriteString("mode"u8, choice.Mode switch
            {
                ToolChoiceMode.None => "NONE"u8,
                ToolChoiceMode.Required or ToolChoiceMode.Named => "ANY"u8,
                _ => "AUTO"u8,
            });
            if (choice is { Mode: ToolChoiceMode.Named, Name: { } name })
            {
                _json.WriteStartArray("allowedFunctionNames"u8);
                _json.WriteStringValue(name);
                _json.WriteEndArray();
            }

            _json.WriteEndObject();
        }

        if (_combined)
        {
            _json.WriteBoolean("includeServerSideToolInvocations"u8, true);
        }

        _json.WriteEndObject();
    }

    private void WriteConfig()
    {
        if (_request.Stop.Count > 5)
        {
            throw new TranslationException("Gemini takes at most 5 stop sequences.");
        }

        _json.WriteStartObject("generationConfig"u8);
        Number("temperature"u8, _request.Temperature);
        Number("topP"u8, _request.TopP);
        Number("topK"u8, _request.TopK);
        Number("maxOutputTokens"u8, _request.MaxOutput);
        Number("candidateCount"u8, _request.Choices > 1 ? _request.Choices : null);

        // Many models refuse penalties altogether, and clients like to send the default.
        Number("presencePenalty"u8, _request.PresencePenalty is 0 ? null : _request.PresencePenalty);
        Number("frequencyPenalty"u8, _request.FrequencyPenalty is 0 ? null : _request.FrequencyPenalty);
        if (_request.Seed is { } seed)
        {
            // 32 bits: any other number is as good, if it is always the same.
            _json.WriteNumber("seed"u8, (int)(seed & int.MaxValue));
        }

        if (_request.LogProbs == true)
        {
            _json.WriteBoolean("responseLogprobs"u8, true);
            Number("logprobs"u8, _request.TopLogProbs > 0 ? _request.TopLogProbs : null);
        }

        if (_request.Stop.Count > 0)
        {
            _json.WriteStartArray("stopSequences"u8);
            foreach (var stop in _request.Stop)
            {
                _json.WriteStringValue(stop);
            }

            _json.WriteEndArray();
        }

        WriteFormat();
        WriteModalities();
        WriteThinking();
        if (_google.Find("image_config"u8) is { ValueKind: JsonValueKind.Object } image)
        {
            _json.WriteStartObject("imageConfig"u8);
            foreach (var member in image.EnumerateObject())
            {
                _json.WritePropertyName(member.Name switch { "aspect_ratio" => "aspectRatio", "image_size" => "imageSize", _ => member.Name });
                member.Value.WriteTo(_json);
            }

            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    private void Number(ReadOnlySpan<byte> name, decimal? value)
    {
        if (value is { } number)
        {
            _json.WriteNumber(name, number);
        }
    }

    private void WriteFormat()
    {
        if (_request.Format is not { } format)
        {
            return;
        }

        _json.WriteString("responseMimeType"u8, "application/json"u8);
        if (format.Schema is { } schema)
        {
            _json.WritePropertyName("responseSchema"u8);
            GeminiSchema.Write(_json, schema);
        }
    }

    private void WriteModalities()
    {
        var image = _request.Modalities.Contains("image") || _traits.Gemini?.SupportedImagineModels.Contains(_model) == true;
        var audio = _request.Modalities.Contains("audio");
        if (!image && !audio)
        {
            return;
        }

        _json.WriteStartArray("responseModalities"u8);
        if (image)
        {
            _json.WriteStringValue("TEXT"u8);
            _json.WriteStringValue("IMAGE"u8);
        }

        if (audio)
        {
            _json.WriteStringValue("AUDIO"u8);
        }

        _json.WriteEndArray();
        if (audio && _request.AudioOutput?.Word("voice"u8) is { } voice)
        {
            _json.WriteStartObject("speechConfig"u8);
            _json.WriteStartObject("voiceConfig"u8);
            _json.WriteStartObject("prebuiltVoiceConfig"u8);
            _json.WriteString("voiceName"u8, voice);
            _json.WriteEndObject();
            _json.WriteEndObject();
            _json.WriteEndObject();
        }
    }

    /// <summary>Google's own words inside an OpenAI request, once they say how much to think, win over everything.</summary>
    private void WriteThinking()
    {
        var own = _google.Find("thinking_config"u8) ?? default;
        var budget = own.Whole(GeminiJson.Of(own, "thinkingBudget"u8, "thinking_budget"u8));
        var level = own.Word(GeminiJson.Of(own, "thinkingLevel"u8, "thinking_level"u8));
        var show = own.Flag(GeminiJson.Of(own, "includeThoughts"u8, "include_thoughts"u8));
        if (budget is null && level is null)
        {
            var wish = show is null ? _request.Reasoning : (_request.Reasoning ?? new ReasoningWish()) with { Show = show };
            var percentage = _traits.Gemini?.ThinkingAdapterBudgetTokensPercentage ?? 0;
            GeminiThinking.Write(_json, _model, GeminiThinking.Wish(_suffix, wish, _model, _request.MaxOutput, percentage));
            return;
        }

        _json.WriteStartObject("thinkingConfig"u8);
        if (level is not null)
        {
            _json.WriteString("thinkingLevel"u8, level);
        }
        else if (budget is >= 0)
        {
            _json.WriteNumber("thinkingBudget"u8, budget.Value);
        }

        if (show is { } shown)
        {
            _json.WriteBoolean("includeThoughts"u8, shown);
        }

        _json.WriteEndObject();
    }
}
