using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Writes the chunks of an OpenAI chat stream: a role first, deltas, a finish reason for each choice, usage if the caller wants it, [DONE].
/// All chunks begin alike, so that their beginning is made once; deltas of text are copied behind it.
/// </summary>
internal sealed class ChatChunkWriter(IBufferWriter<byte> output, ReplyContext context) : ReplyStreamWriter
{
    private readonly List<Choice> _choices = [];
    private byte[] _prefix = [];
    private bool _signs;
    private string _id = "";
    private string _model = "";
    private long _created;

    public override void Start(in ReplyHead head)
    {
        if (_prefix.Length > 0)
        {
            return;
        }

        _id = head.Id.Length > 0 ? head.Id : "chatcmpl-" + context.RequestId;
        _model = head.Model.Length > 0 ? head.Model : context.Model;
        _created = head.Created > 0 ? head.Created : context.Created;
        _signs = head.SignsReasoning;
        var prefix = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(prefix, ErrorBody.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, _id);
            json.WriteString("object"u8, "chat.completion.chunk"u8);
            json.WriteNumber("created"u8, _created);
            json.WriteString("model"u8, _model);
        }

        prefix.Write(",\"choices\":[{\"index\":"u8);
        _prefix = [.. "data: "u8, .. prefix.WrittenSpan];
        Open(0);
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8)
    {
        Open(choice).Length += CharsOf(utf8);
        Write(choice, "{\"content\":\""u8, utf8, "\"}"u8);
    }

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8)
    {
        var state = Open(choice);
        if (!_signs)
        {
            Write(choice, "{\"reasoning_content\":\""u8, utf8, "\"}"u8);
            return;
        }

        // Whoever is to bring the signature back has to bring the very text that it signs.
        state.Thinking = true;
        Begin(choice);
        output.Write("{\"reasoning_content\":\""u8);
        JsonText.WriteEscaped(output, utf8);
        output.Write("\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\""u8);
        JsonText.WriteEscaped(output, utf8);
        output.Write("\",\"format\":\"anthropic-claude-v1\",\"index\":"u8);
        Number(state.Details);
        output.Write("}]}"u8);
        End();
    }

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature)
    {
        var state = Open(choice);
        Begin(choice);
        output.Write("{\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\""u8);
        JsonText.WriteEscaped(output, signature);
        output.Write("\",\"format\":\"anthropic-claude-v1\",\"index\":"u8);
        Number(state.Details);
        output.Write("}]}"u8);
        End();
        state.Details++;
        state.Thinking = false;
    }

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data)
    {
        var state = Open(choice);
        if (state.Thinking)
        {
            state.Details++;
            state.Thinking = false;
        }

        Begin(choice);
        output.Write("{\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\""u8);
        JsonText.WriteEscaped(output, data);
        output.Write("\",\"index\":"u8);
        Number(state.Details++);
        output.Write("}]}"u8);
        End();
    }

    public override void Refusal(int choice, ReadOnlySpan<byte> utf8)
    {
        Open(choice);
        Write(choice, "{\"refusal\":\""u8, utf8, "\"}"u8);
    }

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        var state = Open(choice);
        while (state.Arguments.Count <= call)
        {
            state.Arguments.Add(false);
        }

        BeginCall(choice, call);
        output.Write(",\"id\":\""u8);
        if (id.IsEmpty)
        {
            JsonText.WriteEscaped(output, Encoding.UTF8.GetBytes($"call_{context.RequestId}_{choice}_{call}"));
        }
        else
        {
            JsonText.WriteEscaped(output, id);
        }

        var custom = context.CustomTools.Count > 0 && context.CustomTools.Contains(Encoding.UTF8.GetString(name));
        output.Write(custom ? "\",\"type\":\"custom\",\"custom\":{\"name\":\""u8 : "\",\"type\":\"function\",\"function\":{\"name\":\""u8);
        JsonText.WriteEscaped(output, name);
        output.Write(custom ? "\",\"input\":\"\"}}]}"u8 : "\",\"arguments\":\"\"}}]}"u8);
        End();
        if (custom)
        {
            // The text is a JSON string inside the arguments: it is told when they are complete.
            state.Custom ??= [];
            state.Custom[call] = new ArrayBufferWriter<byte>();
        }
    }

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return;
        }

        var state = Open(choice);
        if (call < state.Arguments.Count)
        {
            state.Arguments[call] = true;
        }

        if (state.Custom?.TryGetValue(call, out var input) == true)
        {
            input.Write(json);
            return;
        }

        BeginCall(choice, call);
        output.Write(",\"function\":{\"arguments\":\""u8);
        JsonText.WriteEscaped(output, json);
        output.Write("\"}}]}"u8);
        End();
    }

    public override void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature)
    {
        Open(choice);
        BeginCall(choice, call);
        output.Write(",\"extra_content\":{\"google\":{\"thought_signature\":\""u8);
        JsonText.WriteEscaped(output, signature);
        output.Write("\"}}}]}"u8);
        End();
    }

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
        Open(choice);
        Begin(choice);
        output.Write("{\"content\":\"![image](data:"u8);
        JsonText.WriteEscaped(output, mimeType);
        output.Write(";base64,"u8);
        JsonText.WriteEscaped(output, base64);
        output.Write(")\"}"u8);
        End();
    }

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
    {
        Open(choice);
        Begin(choice);
        output.Write("{\"audio\":{\"id\":\"audio_"u8);
        JsonText.WriteEscaped(output, Encoding.UTF8.GetBytes(context.RequestId));
        output.Write("\""u8);
        if (!base64.IsEmpty)
        {
            output.Write(",\"data\":\""u8);
            JsonText.WriteEscaped(output, base64);
            output.Write("\""u8);
        }

        if (!transcript.IsEmpty)
        {
            output.Write(",\"transcript\":\""u8);
            JsonText.WriteEscaped(output, transcript);
            output.Write("\""u8);
        }

        output.Write("}}"u8);
        End();
    }

    public override void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title)
    {
        var state = Open(choice);
        Begin(choice);
        output.Write("{\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\""u8);
        JsonText.WriteEscaped(output, url);
        output.Write("\",\"title\":\""u8);
        JsonText.WriteEscaped(output, title);
        output.Write("\",\"start_index\":"u8);
        Number(state.Cited);
        output.Write(",\"end_index\":"u8);
        Number(state.Length);
        output.Write("}}]}"u8);
        End();
        state.Cited = state.Length;
    }

    public override void LogProbs(int choice, ReadOnlySpan<byte> json)
    {
        Open(choice);
        Begin(choice);
        output.Write("{},\"logprobs\":{\"content\":"u8);
        output.Write(json);
        output.Write("}"u8);
        End();
    }

    public override void Finish(int choice, FinishReason reason)
    {
        var state = Open(choice);
        if (state.Finished)
        {
            return;
        }

        state.Finished = true;
        for (var call = 0; call < state.Arguments.Count; call++)
        {
            if (!state.Arguments[call])
            {
                // A call without arguments is one with an empty object: clients parse what they get.
                ToolArguments(choice, call, "{}"u8);
            }
        }

        foreach (var (call, arguments) in state.Custom ?? [])
        {
            BeginCall(choice, call);
            output.Write(",\"custom\":{\"input\":\""u8);
            JsonText.WriteEscaped(output, Encoding.UTF8.GetBytes(CustomTools.ToInput(Encoding.UTF8.GetString(arguments.WrittenSpan))));
            output.Write("\"}}]}"u8);
            End();
        }

        Begin(choice);
        output.Write("{},\"finish_reason\":\""u8);
        JsonText.WriteEscaped(output, Encoding.UTF8.GetBytes(FinishReasons.Word(reason, state.Arguments.Count > 0)));
        output.Write("\"}]}\n\n"u8);
    }

    public override void End(in Usage usage)
    {
        Start(default);
        for (var choice = 0; choice < _choices.Count; choice++)
        {
            Finish(choice, FinishReason.Stop);
        }

        if (context.IncludeUsage != false)
        {
            StreamEnd.WriteUsage(output, Dialect.OpenAIChat, _id, _model, _created, usage);
        }

        output.Write(StreamEnd.Done);
    }

    /// <summary>Each choice begins with its role.</summary>
    private Choice Open(int choice)
    {
        if (_prefix.Length == 0)
        {
            Start(default);
        }

        while (_choices.Count <= choice)
        {
            _choices.Add(new Choice());
            Begin(_choices.Count - 1);
            output.Write("{\"role\":\"assistant\",\"content\":\"\"}"u8);
            End();
        }

        return _choices[choice];
    }

    private void Write(int choice, ReadOnlySpan<byte> before, ReadOnlySpan<byte> text, ReadOnlySpan<byte> after)
    {
        Begin(choice);
        output.Write(before);
        JsonText.WriteEscaped(output, text);
        output.Write(after);
        End();
    }

    private void Begin(int choice)
    {
        output.Write(_prefix);
        Number(choice);
        output.Write(",\"delta\":"u8);
    }

    private void BeginCall(int choice, int call)
    {
        Begin(choice);
        output.Write("{\"tool_calls\":[{\"index\":"u8);
        Number(call);
    }

    private void End() => output.Write(",\"finish_reason\":null}]}\n\n"u8);

    private void Number(long value)
    {
        var room = output.GetSpan(20);
        Utf8Formatter.TryFormat(value, room, out var written);
        output.Advance(written);
    }

    /// <summary>Characters as clients count them, in UTF-16.</summary>
    private static int CharsOf(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetCharCount(utf8);

    private sealed class Choice
    {
        public bool Finished { get; set; }

        public bool Thinking { get; set; }

        /// <summary>Reasoning details that are complete.</summary>
        public int Details { get; set; }

        /// <summary>Whether each tool call has got arguments.</summary>
        public List<bool> Arguments { get; } = [];

        /// <summary>Arguments of calls of custom tools; null when there are none.</summary>
        public Dictionary<int, ArrayBufferWriter<byte>>? Custom { get; set; }

        public long Length { get; set; }

        public long Cited { get; set; }
    }
}
