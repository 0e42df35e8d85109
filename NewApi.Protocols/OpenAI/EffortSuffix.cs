using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Names such as <c>o3-high</c> and <c>gpt-5-minimal</c> ask for an effort (specification: relay §4.3); and these models refuse members
/// that others take, which clients go on sending: they are left out, or said in the newer way.
/// </summary>
public static class EffortSuffix
{
    private static readonly string[] Efforts = ["xhigh", "high", "medium", "low", "minimal", "none"];

    /// <summary>The upstream's name of the model: without a suffix, where it has one.</summary>
    public static string Strip(Dialect dialect, string model) => Read(dialect, model, out _);

    /// <summary>Applies suffix and restrictions to a request that is about to be written for OpenAI.</summary>
    public static void Apply(ChatRequest request, Dialect dialect)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Model = Read(dialect, request.Model, out var effort);
        if (effort is not null)
        {
            request.Reasoning = (request.Reasoning ?? new ReasoningWish()) with { Enabled = null, Effort = effort, Budget = null };
        }

        if (!ReasoningModels.IsReasoning(request.Model) || dialect != Dialect.OpenAIChat)
        {
            return;
        }

        request.Temperature = null;
        if (ReasoningModels.IsGpt5(request.Model))
        {
            (request.TopP, request.LogProbs, request.TopLogProbs) = (null, null, null);
        }

        if (ReasoningModels.KnowsDeveloper(request.Model) && request.Messages is [{ Role: ChatRole.System } first, ..])
        {
            request.Messages[0] = new ChatMessage(ChatRole.Developer, first.Parts) { Name = first.Name };
        }
    }

    /// <summary>The same for a body of the caller's; false when nothing but the name changes, and nothing was written.</summary>
    /// <param name="dialect">OpenAI chat or Responses: that of the body.</param>
    /// <param name="body">The caller's body, a JSON object.</param>
    /// <param name="model">Name of the model, perhaps with a suffix.</param>
    /// <param name="output">Receives the body to send, with the name of the model stripped.</param>
    public static bool TryWrite(Dialect dialect, ReadOnlySpan<byte> body, string model, IBufferWriter<byte> output)
    {
        var name = Read(dialect, model, out var effort);
        var chat = dialect == Dialect.OpenAIChat;
        var restricted = chat && ReasoningModels.IsReasoning(name);
        if (effort is null && !restricted)
        {
            return false;
        }

        var bounded = restricted && Has(body, "max_completion_tokens"u8);
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("model"u8, name);
        ReadOnlySpan<byte> reasoning = default;
        var members = new RawMembers(body);
        while (members.Next())
        {
            var member = members.Name;
            if (member.SequenceEqual("model"u8) || (effort is not null && chat && member.SequenceEqual("reasoning_effort"u8)))
            {
                continue;
            }

            if (effort is not null && !chat && member.SequenceEqual("reasoning"u8))
            {
                reasoning = members.Value;
            }
            else if (restricted && member.SequenceEqual("max_tokens"u8))
            {
                if (!bounded)
                {
                    json.WritePropertyName("max_completion_tokens"u8);
                    json.WriteRawValue(members.Value, skipInputValidation: true);
                }
            }
            else if (restricted && member.SequenceEqual("messages"u8) && ReasoningModels.KnowsDeveloper(name))
            {
                WriteMessages(json, members.Value);
            }
            else if (!(restricted && Refuses(name, member)))
            {
                members.Copy(json);
            }
        }

        WriteEffort(json, chat, effort, reasoning);
        json.WriteEndObject();
        return true;
    }

    private static string Read(Dialect dialect, string model, out string? effort)
    {
        effort = null;
        if (dialect != Dialect.OpenAIResponses && !ReasoningModels.IsReasoning(model))
        {
            return model;
        }

        var dash = model.LastIndexOf('-');
        if (dash <= 0 || !Efforts.Contains(model[(dash + 1)..]))
        {
            return model;
        }

        effort = model[(dash + 1)..];
        return model[..dash];
    }

    private static bool Refuses(string model, ReadOnlySpan<byte> member) => member.SequenceEqual("temperature"u8)
        || (ReasoningModels.IsGpt5(model)
            && (member.SequenceEqual("top_p"u8) || member.SequenceEqual("logprobs"u8) || member.SequenceEqual("top_logprobs"u8)));

    private static bool Has(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        var members = new RawMembers(body);
        while (members.Next())
        {
            if (members.Name.SequenceEqual(name) && !members.Value.SequenceEqual("null"u8) && !members.Value.SequenceEqual("0"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first message, when it is the system's, becomes the developer's; all else stays as it is.</summary>
    private static void WriteMessages(Utf8JsonWriter json, ReadOnlySpan<byte> messages)
    {
        json.WritePropertyName("messages"u8);
        var reader = new Utf8JsonReader(messages, new JsonReaderOptions { MaxDepth = 256 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            json.WriteRawValue(messages, skipInputValidation: true);
            return;
        }

        var first = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == first))
        {
            var isRole = reader.TokenType == JsonTokenType.PropertyName && reader.ValueSpan.SequenceEqual("role"u8);
            reader.Read();
            if (isRole && reader.TokenType == JsonTokenType.String && reader.ValueSpan.SequenceEqual("system"u8))
            {
                var at = (int)reader.TokenStartIndex;
                json.WriteRawValue(
                    [.. messages[..at], .. "\"developer\""u8, .. messages[(at + "\"system\"".Length)..]], skipInputValidation: true);
                return;
            }

            reader.Skip();
        }

        json.WriteRawValue(messages, skipInputValidation: true);
    }

    private static void WriteEffort(Utf8JsonWriter json, bool chat, string? effort, ReadOnlySpan<byte> reasoning)
    {
        if (effort is null)
        {
            return;
        }

        if (chat)
        {
            json.WriteString("reasoning_effort"u8, effort);
            return;
        }

        json.WriteStartObject("reasoning"u8);
        json.WriteString("effort"u8, effort);
        if (!reasoning.IsEmpty && reasoning[0] == (byte)'{')
        {
            var members = new RawMembers(reasoning);
            while (members.Next())
            {
                if (!members.Name.SequenceEqual("effort"u8))
                {
                    members.Copy(json);
                }
            }
        }

        json.WriteEndObject();
    }
}
