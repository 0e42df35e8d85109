using System.Buffers;
using System.Text.Json;
using System.Text.RegularExpressions;
using NewApi.Domain;
using NewApi.Domain.Midjourney;

namespace NewApi.Protocols.Midjourney;

/// <summary>What may leave of a body, and what is put into it.</summary>
/// <param name="KeepAccountFilter">The caller may choose among the proxy's accounts.</param>
/// <param name="KeepNotifyHook">The proxy may be told to call somebody.</param>
/// <param name="NotifyHook">Whom it calls when the caller names nobody; null for nobody.</param>
/// <param name="ClearMode">Speed is no matter of the prompt: <c>--fast</c>, <c>--relax</c> and <c>--turbo</c> are taken out of it.</param>
public readonly record struct MidjourneyEdits(bool KeepAccountFilter, bool KeepNotifyHook, string? NotifyHook, bool ClearMode);

/// <summary>What a submission asks for: read once from the body, whose members all go on to the proxy but for a few.</summary>
public sealed partial record MidjourneyRequest
{
    private const int MostDepth = 64;

    /// <summary>As the task's row has it.</summary>
    public string Action { get; private set; } = "";

    /// <summary>The task that this one goes on from; empty for none.</summary>
    public string ParentId { get; private set; } = "";

    public string Prompt { get; private set; } = "";

    /// <summary>Reads a body; the fault says what is wrong with it.</summary>
    /// <param name="route">The last part of the path: <c>imagine</c>, <c>change</c>, <c>action</c>, <c>swap</c>…</param>
    /// <param name="body">The whole body.</param>
    /// <param name="request">What it asks for; empty when there is a fault.</param>
    public static RelayFault? Read(string route, ReadOnlySpan<byte> body, out MidjourneyRequest request)
    {
        request = new MidjourneyRequest();
        var members = new Members();
        try
        {
            if (!members.TryRead(body))
            {
                return Unreadable();
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return Unreadable();
        }
        request.Prompt = members.Prompt;
        request.ParentId = members.TaskId;
        return request.Understand(route, members);
    }

    /// <summary>Writes the body as it goes to the proxy.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="body">What the caller sent; it has been read without a fault.</param>
    /// <param name="edits">What is changed.</param>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> body, in MidjourneyEdits edits)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MostDepth });
        reader.Read();
        json.WriteStartObject();
        var hooked = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isPrompt = edits.ClearMode && reader.ValueTextEquals("prompt"u8);
            var isHook = reader.ValueTextEquals("notifyHook"u8);
            var dropped = (isHook && !edits.KeepNotifyHook) || (!edits.KeepAccountFilter && reader.ValueTextEquals("accountFilter"u8));
            var name = reader.HasValueSequence || reader.ValueIsEscaped ? reader.GetString() : null;
            var plain = name is null ? reader.ValueSpan : default;
            reader.Read();
            dropped |= isHook && reader.TokenType != JsonTokenType.String;
            dropped |= isHook && reader.ValueSpan.IsEmpty;
            var start = (int)reader.TokenStartIndex;
            var text = isPrompt && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            reader.Skip();
            if (dropped)
            {
                continue;
            }
            hooked |= isHook;
            if (name is null)
            {
                json.WritePropertyName(plain);
            }
            else
            {
                json.WritePropertyName(name);
            }
            if (text is not null)
            {
                json.WriteStringValue(ModeFlags().Replace(text, "").Trim());
            }
            else
            {
                json.WriteRawValue(body[start..(int)reader.BytesConsumed], skipInputValidation: true);
            }
        }
        if (!hooked && edits is { KeepNotifyHook: true, NotifyHook: { } hook })
        {
            json.WriteString("notifyHook"u8, hook);
        }
        json.WriteEndObject();
    }

    private RelayFault? Understand(string route, Members members)
    {
        switch (route)
        {
            case "imagine":
                Action = MidjourneyActions.Imagine;
                return Prompt.Length > 0 ? null : Missing("prompt");
            case "change":
                Action = members.Action.ToUpperInvariant();
                return Action is MidjourneyActions.Upscale or MidjourneyActions.Variation or MidjourneyActions.Reroll
                    ? NeedsParent()
                    : Refuse("unknown_action", "The field action is none of UPSCALE, VARIATION and REROLL.");
            case "simple-change":
                return UnderstandChange(members.Content);
            case "action":
                return members.CustomId.Length == 0 ? Missing("customId")
                    : MidjourneyActions.OfButton(members.CustomId) is not { } action ? Refuse("unknown_action", "The customId names no action that is known here.")
                    : NeedsParent(action);
            case "modal":
                return NeedsParent(MidjourneyActions.Modal);
            case "swap":
                Action = MidjourneyActions.SwapFace;
                return members.HasFaces ? null : Missing("sourceBase64 or targetBase64");
            case "upload-discord-images":
                Action = MidjourneyActions.Upload;
                return null;
            default:
                Action = route.ToUpperInvariant();
                return null;
        }
    }

    /// <summary>Such as <c>1320098173412546 U2</c>: a task, and U or V with the number of a picture, or R.</summary>
    private RelayFault? UnderstandChange(string content)
    {
        var parts = content.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var what = parts.Length == 2 ? parts[1].ToUpperInvariant() : "";
        Action = what switch
        {
            ['U', >= '1' and <= '4'] => MidjourneyActions.Upscale,
            ['V', >= '1' and <= '4'] => MidjourneyActions.Variation,
            ['R'] => MidjourneyActions.Reroll,
            _ => "",
        };
        ParentId = Action.Length > 0 ? parts[0] : "";
        return Action.Length > 0 ? null : Refuse("content_error", "The field content is not a task with U1 to U4, V1 to V4 or R behind it.");
    }

    private RelayFault? NeedsParent(string? action = null)
    {
        Action = action ?? Action;
        return ParentId.Length > 0 ? null : Missing("taskId");
    }

    private static RelayFault Unreadable() => Refuse("bind_request_body_failed", "The body is not a JSON object.");

    private static RelayFault Missing(string field) => Refuse("bad_request_body", $"The field {field} is required.");

    private static RelayFault Refuse(string code, string message) => new(400, code, message) { Final = true };

    [GeneratedRegex(@"\s*--(?:fast|relax|turbo)(?![\w-])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ModeFlags();

    private sealed class Members
    {
        public string Prompt { get; private set; } = "";

        public string TaskId { get; private set; } = "";

        public string Action { get; private set; } = "";

        public string Content { get; private set; } = "";

        public string CustomId { get; private set; } = "";

        public bool HasFaces { get; private set; }

        public bool TryRead(ReadOnlySpan<byte> body)
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MostDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }
            var (source, target) = (false, false);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("prompt"u8))
                {
                    Prompt = Text(ref reader);
                }
                else if (reader.ValueTextEquals("taskId"u8))
                {
                    TaskId = Text(ref reader);
                }
                else if (reader.ValueTextEquals("action"u8))
                {
                    Action = Text(ref reader);
                }
                else if (reader.ValueTextEquals("content"u8))
                {
                    Content = Text(ref reader);
                }
                else if (reader.ValueTextEquals("customId"u8))
                {
                    CustomId = Text(ref reader);
                }
                else if (reader.ValueTextEquals("sourceBase64"u8))
                {
                    source = IsFilled(ref reader);
                }
                else if (reader.ValueTextEquals("targetBase64"u8))
                {
                    target = IsFilled(ref reader);
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
            HasFaces = source && target;
            return reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        }

        private static string Text(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                return reader.GetString()!;
            }
            if (reader.TokenType == JsonTokenType.Number)
            {
                return System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
            }
            reader.Skip();
            return "";
        }

        private static bool IsFilled(ref Utf8JsonReader reader)
        {
            reader.Read();
            var filled = reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            reader.Skip();
            return filled;
        }
    }
}
