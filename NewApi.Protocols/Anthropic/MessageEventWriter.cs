using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

/// <summary>
/// Writes the events of an Anthropic stream (specification: relay §5.5). Blocks open lazily, one at a time; only tool calls stay open
/// together, because their arguments may come mixed. Each block that was opened is closed once, and one message_delta bears the usage.
/// </summary>
internal sealed class MessageEventWriter(IBufferWriter<byte> output, ReplyContext context) : ReplyStreamWriter
{
    private BlockKind _open;
    private int _index = -1;
    private int _firstCall;
    private int _openCalls;
    private int _calls;
    private bool _started;
    private bool _signed;
    private FinishReason? _finish;

    public override void Start(in ReplyHead head)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        output.Write("event: message_start\ndata: "u8);
        using (var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "message_start"u8);
            json.WriteStartObject("message"u8);
            json.WriteString("id"u8, head.Id is { Length: > 0 } id ? id : "msg_" + context.RequestId);
            json.WriteString("type"u8, "message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("model"u8, head.Model is { Length: > 0 } model ? model : context.Model);
            json.WriteStartArray("content"u8);
            json.WriteEndArray();
            json.WriteNull("stop_reason"u8);
            json.WriteNull("stop_sequence"u8);
            json.WriteStartObject("usage"u8);
            json.WriteNumber("input_tokens"u8, context.PromptEstimate);
            json.WriteNumber("output_tokens"u8, 0);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8)
    {
        if (choice == 0)
        {
            Open(BlockKind.Text);
            Delta(_index, "text_delta\",\"text\":\""u8, utf8);
        }
    }

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8)
    {
        if (choice == 0)
        {
            // What follows a signature is the next thought.
            if (_signed)
            {
                Close();
            }

            Open(BlockKind.Thinking);
            Delta(_index, "thinking_delta\",\"thinking\":\""u8, utf8);
        }
    }

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature)
    {
        if (choice == 0)
        {
            Open(BlockKind.Thinking);
            Delta(_index, "signature_delta\",\"signature\":\""u8, signature);
            _signed = true;
        }
    }

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data)
    {
        if (choice != 0)
        {
            return;
        }

        Close();
        Start(default);
        BeginBlock(++_index);
        output.Write("{\"type\":\"redacted_thinking\",\"data\":\""u8);
        JsonText.WriteEscaped(output, data);
        output.Write("\"}}\n\n"u8);
        Stop(_index);
    }

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        if (choice != 0)
        {
            return;
        }

        if (_open != BlockKind.Tools)
        {
            Close();
            Start(default);
            _open = BlockKind.Tools;
            _firstCall = call;
            _openCalls = 0;
        }

        _calls++;
        _openCalls++;
        BeginBlock(++_index);
        output.Write("{\"type\":\"tool_use\",\"id\":\""u8);
        if (id.IsEmpty)
        {
            JsonText.WriteEscaped(output, Encoding.UTF8.GetBytes($"toolu_{context.RequestId}_{call}"));
        }
        else
        {
            JsonText.WriteEscaped(output, id);
        }

        output.Write("\",\"name\":\""u8);
        JsonText.WriteEscaped(output, name);
        output.Write("\",\"input\":{}}}\n\n"u8);
    }

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json)
    {
        // Arguments of a call that something else has closed have no place any more.
        if (choice == 0 && _open == BlockKind.Tools && call >= _firstCall && call < _firstCall + _openCalls && !json.IsEmpty)
        {
            Delta(_index - _openCalls + 1 + (call - _firstCall), "input_json_delta\",\"partial_json\":\""u8, json);
        }
    }

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
        if (choice != 0)
        {
            return;
        }

        Open(BlockKind.Text);
        BeginDelta(_index, "text_delta\",\"text\":\""u8);
        output.Write("![image](data:"u8);
        JsonText.WriteEscaped(output, mimeType);
        output.Write(";base64,"u8);
        JsonText.WriteEscaped(output, base64);
        output.Write(")\"}}\n\n"u8);
    }

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
    {
        if (!transcript.IsEmpty)
        {
            Text(choice, transcript);
        }
    }

    public override void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title)
    {
        if (choice != 0)
        {
            return;
        }

        Open(BlockKind.Text);
        output.Write("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"u8);
        Number(_index);
        output.Write(",\"delta\":{\"type\":\"citations_delta\",\"citation\":{\"type\":\"web_search_result_location\",\"url\":\""u8);
        JsonText.WriteEscaped(output, url);
        output.Write("\",\"title\":\""u8);
        JsonText.WriteEscaped(output, title);
        output.Write("\",\"cited_text\":\"\",\"encrypted_index\":\"\"}}}\n\n"u8);
    }

    public override void Finish(int choice, FinishReason reason)
    {
        if (choice == 0)
        {
            _finish ??= reason;
        }
    }

    public override void End(in Usage usage)
    {
        Start(default);
        Close();
        var reason = _finish ?? FinishReason.Stop;
        output.Write("event: message_delta\ndata: "u8);
        using (var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "message_delta"u8);
            json.WriteStartObject("delta"u8);
            MessageReply.WriteStop(json, reason, _calls > 0);
            json.WriteEndObject();
            MessageUsage.Write(json, usage);
            json.WriteEndObject();
        }

        output.Write("\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
    }

    private void Open(BlockKind kind)
    {
        if (_open == kind)
        {
            return;
        }

        Close();
        Start(default);
        _open = kind;
        BeginBlock(++_index);
        output.Write(kind == BlockKind.Text
            ? "{\"type\":\"text\",\"text\":\"\"}}\n\n"u8
            : "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"u8);
    }

    private void Close()
    {
        if (_open == BlockKind.Tools)
        {
            for (var index = _index - _openCalls + 1; index <= _index; index++)
            {
                Stop(index);
            }
        }
        else if (_open != BlockKind.None)
        {
            Stop(_index);
        }

        _open = BlockKind.None;
        _signed = false;
    }

    private void BeginBlock(int index)
    {
        output.Write("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":"u8);
        Number(index);
        output.Write(",\"content_block\":"u8);
    }

    private void Stop(int index)
    {
        output.Write("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":"u8);
        Number(index);
        output.Write("}\n\n"u8);
    }

    private void Delta(int index, ReadOnlySpan<byte> member, ReadOnlySpan<byte> text)
    {
        BeginDelta(index, member);
        JsonText.WriteEscaped(output, text);
        output.Write("\"}}\n\n"u8);
    }

    private void BeginDelta(int index, ReadOnlySpan<byte> member)
    {
        output.Write("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"u8);
        Number(index);
        output.Write(",\"delta\":{\"type\":\""u8);
        output.Write(member);
    }

    private void Number(int value)
    {
        var room = output.GetSpan(11);
        Utf8Formatter.TryFormat(value, room, out var written);
        output.Advance(written);
    }

    private enum BlockKind
    {
        None,
        Text,
        Thinking,
        Tools,
    }
}
