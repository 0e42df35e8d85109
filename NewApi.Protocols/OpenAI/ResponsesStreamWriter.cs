using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// The events of a response for its caller: every item, part and text that is begun is ended, numbered without a gap. The dialect wants the
/// whole text again when a part, an item and the response end, so what has been told is kept, each item once.
/// <code>
/// response.created, response.in_progress,
///   response.output_item.added,
///     response.content_part.added, response.output_text.delta…, response.output_text.done, response.content_part.done,
///   response.output_item.done,
/// response.completed
/// </code>
/// </summary>
internal sealed class ResponsesStreamWriter(IBufferWriter<byte> output, ReplyContext context) : ReplyStreamWriter
{
    private readonly ArrayBufferWriter<byte> _done = new();
    private readonly JsonTextBuffer _text = new();
    private readonly ArrayBufferWriter<byte> _parts = new();
    private readonly ArrayBufferWriter<byte> _annotations = new();
    private readonly ArrayBufferWriter<byte> _logProbs = new();
    private readonly List<Call> _calls = [];
    private FinishReason _finish = FinishReason.Stop;
    private string _model = context.Model;
    private long _created = context.Created;
    private bool _started;
    private long _sequence;
    private int _items;
    private OpenItem _open;
    private OpenPart _part;
    private int _partIndex;
    private int _annotationCount;
    private int _index;
    private string _id = "";
    private byte[] _address = [];

    private enum OpenItem
    {
        None,
        Message,
        Reasoning,
    }

    private enum OpenPart
    {
        None,
        Text,
        Refusal,
    }

    public override long NextSequence => _sequence;

    private string ResponseId => "resp_" + context.RequestId;

    public override void Start(in ReplyHead head)
    {
        _model = head.Model.Length > 0 ? head.Model : _model;
        _created = head.Created > 0 ? head.Created : _created;
        Begin();
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8)
    {
        if (choice == 0)
        {
            OpenMessage(OpenPart.Text);
            Delta("response.output_text.delta"u8, utf8, "\",\"logprobs\":[]}\n\n"u8);
        }
    }

    public override void Refusal(int choice, ReadOnlySpan<byte> utf8)
    {
        if (choice == 0)
        {
            OpenMessage(OpenPart.Refusal);
            Delta("response.refusal.delta"u8, utf8, "\"}\n\n"u8);
        }
    }

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8)
    {
        if (choice == 0)
        {
            OpenReasoning();
            Delta("response.reasoning_summary_text.delta"u8, utf8, "\"}\n\n"u8);
        }
    }

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature)
    {
        if (choice == 0)
        {
            var proof = ResponsesReasoning.Signature + Encoding.UTF8.GetString(signature);
            if (_open == OpenItem.Reasoning)
            {
                CloseReasoning(proof);
            }
            else
            {
                Opaque(proof);
            }
        }
    }

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data)
    {
        if (choice == 0)
        {
            var thoughts = ResponsesReasoning.Wrap(Encoding.UTF8.GetString(data));
            if (_open == OpenItem.Reasoning && !thoughts.StartsWith(ResponsesReasoning.Encrypted, StringComparison.Ordinal))
            {
                // OpenAI's own: the summary just told is of these very thoughts.
                CloseReasoning(thoughts);
            }
            else
            {
                Opaque(thoughts);
            }
        }
    }

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        if (choice != 0)
        {
            return;
        }

        Begin();
        Close();
        var text = Encoding.UTF8.GetString(name);
        var custom = context.CustomTools.Contains(text);
        context.Qualified.TryGetValue(text, out var qualified);
        var open = new Call(
            call, _items++, (custom ? "ctc_" : "fc_") + Unique(), Encoding.UTF8.GetString(id), qualified?.Namespace, qualified?.Name ?? text, custom);
        _calls.Add(open);
        var json = Event("response.output_item.added"u8);
        json.WriteNumber("output_index"u8, open.Index);
        json.WritePropertyName("item"u8);
        WriteCall(json, open, done: false);
        End(json);
    }

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json)
    {
        if (choice != 0 || json.IsEmpty || _calls.Find(open => open.Number == call) is not { } found)
        {
            return;
        }

        var start = found.Arguments.Append(json);
        if (found.Custom)
        {
            return;
        }

        Head("response.function_call_arguments.delta"u8);
        output.Write(found.Address);
        output.Write(found.Arguments.Since(start));
        output.Write("\"}\n\n"u8);
    }

    /// <summary>Calls have no place for a proof: it travels in a reasoning item of its own.</summary>
    public override void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature)
    {
        if (choice == 0 && _calls.Find(open => open.Number == call) is { } found)
        {
            Opaque($"{ResponsesReasoning.Call}{found.CallId}:{Encoding.UTF8.GetString(signature)}");
        }
    }

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
        if (choice != 0)
        {
            return;
        }

        Begin();
        CloseWhole();
        var id = "ig_" + Unique();
        var index = _items++;
        var added = Event("response.output_item.added"u8);
        added.WriteNumber("output_index"u8, index);
        added.WriteStartObject("item"u8);
        added.WriteString("id"u8, id);
        added.WriteString("type"u8, "image_generation_call"u8);
        added.WriteString("status"u8, "in_progress"u8);
        added.WriteNull("result"u8);
        added.WriteEndObject();
        End(added);
        var start = BeginDone();
        using (var json = new Utf8JsonWriter(_done, ErrorBody.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("type"u8, "image_generation_call"u8);
            json.WriteString("status"u8, "completed"u8);
            json.WriteString("output_format"u8, mimeType.StartsWith("image/"u8) ? mimeType["image/"u8.Length..] : "png"u8);
            json.WriteString("result"u8, base64);
            json.WriteEndObject();
        }

        ItemDone(index, start);
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
        if (choice != 0 || _part != OpenPart.Text)
        {
            return;
        }

        if (_annotations.WrittenCount > 0)
        {
            _annotations.Write(","u8);
        }

        var start = _annotations.WrittenCount;
        using (var json = new Utf8JsonWriter(_annotations, ErrorBody.WriterOptions))
        {
            var at = _text.Characters;
            json.WriteStartObject();
            json.WriteString("type"u8, "url_citation"u8);
            json.WriteNumber("start_index"u8, at);
            json.WriteNumber("end_index"u8, at);
            json.WriteString("url"u8, url);
            json.WriteString("title"u8, title);
            json.WriteEndObject();
        }

        var added = Event("response.output_text.annotation.added"u8);
        Address(added);
        added.WriteNumber("annotation_index"u8, _annotationCount++);
        added.WritePropertyName("annotation"u8);
        added.WriteRawValue(_annotations.WrittenSpan[start..], skipInputValidation: true);
        End(added);
    }

    public override void LogProbs(int choice, ReadOnlySpan<byte> json)
    {
        var tokens = json.Trim(" \t\r\n"u8);
        if (choice == 0 && _part == OpenPart.Text && tokens.Length > 2 && tokens[0] == (byte)'[')
        {
            if (_logProbs.WrittenCount > 0)
            {
                _logProbs.Write(","u8);
            }

            _logProbs.Write(tokens[1..^1]);
        }
    }

    public override void Finish(int choice, FinishReason reason)
    {
        if (choice == 0)
        {
            _finish = reason;
            CloseAll();
        }
    }

    public override void End(in Usage usage)
    {
        Begin();
        CloseAll();
        var json = Event(Incomplete is null ? "response.completed"u8 : "response.incomplete"u8);
        json.WritePropertyName("response"u8);
        WriteResponse(json, Incomplete is null ? "completed"u8 : "incomplete"u8, usage, null);
        End(json);
    }

    /// <summary>The event that clients wait for when a response comes to nothing.</summary>
    public override void Broken(RelayFault fault)
    {
        if (_sequence > 0 || _started)
        {
            _sequence++;
        }

        var json = Event("response.failed"u8);
        json.WritePropertyName("response"u8);
        WriteResponse(json, "failed"u8, default, fault);
        End(json);
    }

    /// <summary>The whole response, once everything has been told.</summary>
    public void WriteWhole(IBufferWriter<byte> whole, in Usage usage)
    {
        CloseAll();
        using var json = new Utf8JsonWriter(whole, ErrorBody.WriterOptions);
        WriteResponse(json, Incomplete is null ? "completed"u8 : "incomplete"u8, usage, null);
    }

    private string? Incomplete => _finish.Value switch
    {
        "length" or "max_tokens" => "max_output_tokens",
        "content_filter" => "content_filter",
        _ => null,
    };

    private void Begin()
    {
        if (_started)
        {
            return;
        }

        _started = true;
        var created = Event("response.created"u8);
        created.WritePropertyName("response"u8);
        WriteResponse(created, "in_progress"u8, default, null);
        End(created);
        var progress = Event("response.in_progress"u8);
        progress.WritePropertyName("response"u8);
        WriteResponse(progress, "in_progress"u8, default, null);
        End(progress);
    }

    private string Unique() => string.Create(CultureInfo.InvariantCulture, $"{context.RequestId}_{_items}");

    private void OpenMessage(OpenPart part)
    {
        if (_open != OpenItem.Message)
        {
            Begin();
            CloseWhole();
            (_open, _index, _partIndex) = (OpenItem.Message, _items, -1);
            _id = "msg_" + Unique();
            _items++;
            var item = Event("response.output_item.added"u8);
            item.WriteNumber("output_index"u8, _index);
            item.WriteStartObject("item"u8);
            item.WriteString("id"u8, _id);
            item.WriteString("type"u8, "message"u8);
            item.WriteString("status"u8, "in_progress"u8);
            item.WriteString("role"u8, "assistant"u8);
            item.WriteStartArray("content"u8);
            item.WriteEndArray();
            item.WriteEndObject();
            End(item);
        }

        if (_part == part)
        {
            return;
        }

        ClosePart();
        _part = part;
        _partIndex++;
        _address = MakeAddress("content_index", _partIndex);
        var added = Event("response.content_part.added"u8);
        Address(added);
        added.WritePropertyName("part"u8);
        WritePart(added);
        End(added);
    }

    private void OpenReasoning()
    {
        if (_open == OpenItem.Reasoning)
        {
            return;
        }

        Begin();
        CloseWhole();
        (_open, _index) = (OpenItem.Reasoning, _items);
        _id = "rs_" + Unique();
        _items++;
        _address = MakeAddress("summary_index", 0);
        var item = Event("response.output_item.added"u8);
        item.WriteNumber("output_index"u8, _index);
        item.WriteStartObject("item"u8);
        item.WriteString("id"u8, _id);
        item.WriteString("type"u8, "reasoning"u8);
        item.WriteStartArray("summary"u8);
        item.WriteEndArray();
        item.WriteEndObject();
        End(item);
        var part = Event("response.reasoning_summary_part.added"u8);
        Summary(part);
        part.WritePropertyName("part"u8);
        WriteSummary(part, "\"\""u8);
        End(part);
    }

    /// <summary>A reasoning item of which only the upstream can make anything.</summary>
    private void Opaque(string content)
    {
        Begin();
        Close();
        var id = "rs_" + Unique();
        var index = _items++;
        var added = Event("response.output_item.added"u8);
        added.WriteNumber("output_index"u8, index);
        added.WritePropertyName("item"u8);
        WriteReasoning(added, id, default, null);
        End(added);
        var start = BeginDone();
        using (var json = new Utf8JsonWriter(_done, ErrorBody.WriterOptions))
        {
            WriteReasoning(json, id, default, content);
        }

        ItemDone(index, start);
    }

    private void CloseAll()
    {
        Close();
        foreach (var call in _calls)
        {
            CloseCall(call);
        }

        _calls.Clear();
    }

    /// <summary>Before something else begins: calls whose arguments can be complete are, and keep their place before it.</summary>
    private void CloseWhole()
    {
        Close();
        while (_calls.Count > 0 && _calls[0].Arguments.IsJsonObject())
        {
            CloseCall(_calls[0]);
            _calls.RemoveAt(0);
        }
    }

    private void Close()
    {
        switch (_open)
        {
            case OpenItem.Message:
                CloseMessage();
                break;
            case OpenItem.Reasoning:
                CloseReasoning(null);
                break;
        }
    }

    private void CloseMessage()
    {
        ClosePart();
        _open = OpenItem.None;
        var start = BeginDone();
        using (var json = new Utf8JsonWriter(_done, ErrorBody.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, _id);
            json.WriteString("type"u8, "message"u8);
            json.WriteString("status"u8, "completed"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteStartArray("content"u8);
            if (_parts.WrittenCount > 0)
            {
                json.WriteRawValue(_parts.WrittenSpan, skipInputValidation: true);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        _parts.ResetWrittenCount();
        ItemDone(_index, start);
    }

    private void ClosePart()
    {
        if (_part == OpenPart.None)
        {
            return;
        }

        var text = _text.Close();
        var done = Event(_part == OpenPart.Text ? "response.output_text.done"u8 : "response.refusal.done"u8);
        Address(done);
        done.WritePropertyName(_part == OpenPart.Text ? "text"u8 : "refusal"u8);
        done.WriteRawValue(text, skipInputValidation: true);
        if (_part == OpenPart.Text)
        {
            WriteArray(done, "logprobs"u8, _logProbs);
        }

        End(done);
        if (_parts.WrittenCount > 0)
        {
            _parts.Write(","u8);
        }

        var start = _parts.WrittenCount;
        using (var json = new Utf8JsonWriter(_parts, ErrorBody.WriterOptions))
        {
            WritePart(json, text);
        }

        var part = Event("response.content_part.done"u8);
        Address(part);
        part.WritePropertyName("part"u8);
        part.WriteRawValue(_parts.WrittenSpan[start..], skipInputValidation: true);
        End(part);
        _text.Clear();
        _annotations.ResetWrittenCount();
        _logProbs.ResetWrittenCount();
        _annotationCount = 0;
        _part = OpenPart.None;
    }

    private void CloseReasoning(string? content)
    {
        _open = OpenItem.None;
        var text = _text.Close();
        var done = Event("response.reasoning_summary_text.done"u8);
        Summary(done);
        done.WritePropertyName("text"u8);
        done.WriteRawValue(text, skipInputValidation: true);
        End(done);
        var part = Event("response.reasoning_summary_part.done"u8);
        Summary(part);
        part.WritePropertyName("part"u8);
        WriteSummary(part, text);
        End(part);
        var start = BeginDone();
        using (var json = new Utf8JsonWriter(_done, ErrorBody.WriterOptions))
        {
            WriteReasoning(json, _id, text, content);
        }

        _text.Clear();
        ItemDone(_index, start);
    }

    private void CloseCall(Call call)
    {
        var arguments = call.Arguments.Close();
        if (call.Custom)
        {
            var input = CustomTools.ToInput(JsonElement.Parse(arguments).GetString()!);
            var delta = Event("response.custom_tool_call_input.delta"u8);
            delta.WriteString("item_id"u8, call.Id);
            delta.WriteNumber("output_index"u8, call.Index);
            delta.WriteString("delta"u8, input);
            End(delta);
            var whole = Event("response.custom_tool_call_input.done"u8);
            whole.WriteString("item_id"u8, call.Id);
            whole.WriteNumber("output_index"u8, call.Index);
            whole.WriteString("input"u8, input);
            End(whole);
        }
        else
        {
            var done = Event("response.function_call_arguments.done"u8);
            done.WriteString("item_id"u8, call.Id);
            done.WriteNumber("output_index"u8, call.Index);
            WriteName(done, call);
            done.WritePropertyName("arguments"u8);
            done.WriteRawValue(arguments, skipInputValidation: true);
            End(done);
        }

        var start = BeginDone();
        using (var json = new Utf8JsonWriter(_done, ErrorBody.WriterOptions))
        {
            WriteCall(json, call, done: true);
        }

        ItemDone(call.Index, start);
    }

    private int BeginDone()
    {
        if (_done.WrittenCount > 0)
        {
            _done.Write(","u8);
        }

        return _done.WrittenCount;
    }

    private void ItemDone(int index, int start)
    {
        var json = Event("response.output_item.done"u8);
        json.WriteNumber("output_index"u8, index);
        json.WritePropertyName("item"u8);
        json.WriteRawValue(_done.WrittenSpan[start..], skipInputValidation: true);
        End(json);
    }

    private void WritePart(Utf8JsonWriter json, ReadOnlySpan<byte> text = default)
    {
        text = text.IsEmpty ? "\"\""u8 : text;
        json.WriteStartObject();
        if (_part == OpenPart.Text)
        {
            json.WriteString("type"u8, "output_text"u8);
            json.WritePropertyName("text"u8);
            json.WriteRawValue(text, skipInputValidation: true);
            WriteArray(json, "annotations"u8, _annotations);
            WriteArray(json, "logprobs"u8, _logProbs);
        }
        else
        {
            json.WriteString("type"u8, "refusal"u8);
            json.WritePropertyName("refusal"u8);
            json.WriteRawValue(text, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter json, ReadOnlySpan<byte> name, ArrayBufferWriter<byte> items)
    {
        json.WriteStartArray(name);
        if (items.WrittenCount > 0)
        {
            json.WriteRawValue(items.WrittenSpan, skipInputValidation: true);
        }

        json.WriteEndArray();
    }

    private static void WriteSummary(Utf8JsonWriter json, ReadOnlySpan<byte> text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "summary_text"u8);
        json.WritePropertyName("text"u8);
        json.WriteRawValue(text, skipInputValidation: true);
        json.WriteEndObject();
    }

    private static void WriteReasoning(Utf8JsonWriter json, string id, ReadOnlySpan<byte> text, string? content)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, "reasoning"u8);
        json.WriteStartArray("summary"u8);
        if (!text.IsEmpty)
        {
            WriteSummary(json, text);
        }

        json.WriteEndArray();
        if (content is not null)
        {
            json.WriteString("encrypted_content"u8, content);
        }

        json.WriteEndObject();
    }

    private static void WriteCall(Utf8JsonWriter json, Call call, bool done)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, call.Id);
        json.WriteString("type"u8, call.Custom ? "custom_tool_call"u8 : "function_call"u8);
        json.WriteString("status"u8, done ? "completed"u8 : "in_progress"u8);
        json.WriteString("call_id"u8, call.CallId);
        WriteName(json, call);
        if (call.Custom)
        {
            json.WriteString("input"u8, done ? CustomTools.ToInput(JsonElement.Parse(call.Arguments.Close()).GetString()!) : "");
        }
        else
        {
            json.WritePropertyName("arguments"u8);
            json.WriteRawValue(done ? call.Arguments.Close() : "\"\""u8, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private static void WriteName(Utf8JsonWriter json, Call call)
    {
        if (call.Namespace is { } space)
        {
            json.WriteString("namespace"u8, space);
        }

        json.WriteString("name"u8, call.Name);
    }

    /// <summary>The members that OpenAI's clients insist on; what the request said is not repeated.</summary>
    private void WriteResponse(Utf8JsonWriter json, ReadOnlySpan<byte> status, in Usage usage, RelayFault? fault)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ResponseId);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, _created);
        json.WriteString("status"u8, status);
        json.WriteBoolean("background"u8, false);
        if (fault is null)
        {
            json.WriteNull("error"u8);
        }
        else
        {
            json.WriteStartObject("error"u8);
            json.WriteString("code"u8, fault.Code);
            json.WriteString("message"u8, fault.Message);
            json.WriteEndObject();
        }

        if (Incomplete is { } reason && fault is null && !status.SequenceEqual("in_progress"u8))
        {
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details"u8);
        }

        json.WriteNull("instructions"u8);
        json.WriteNull("max_output_tokens"u8);
        json.WriteString("model"u8, _model);
        WriteArray(json, "output"u8, _done);
        json.WriteBoolean("parallel_tool_calls"u8, true);
        json.WriteNull("previous_response_id"u8);
        json.WriteStartObject("reasoning"u8);
        json.WriteNull("effort"u8);
        json.WriteNull("summary"u8);
        json.WriteEndObject();
        json.WriteBoolean("store"u8, false);
        json.WriteNull("temperature"u8);
        json.WriteStartObject("text"u8);
        json.WriteStartObject("format"u8);
        json.WriteString("type"u8, "text"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteString("tool_choice"u8, "auto"u8);
        json.WriteStartArray("tools"u8);
        json.WriteEndArray();
        json.WriteNull("top_p"u8);
        json.WriteString("truncation"u8, "disabled"u8);
        if (usage.IsEmpty)
        {
            json.WriteNull("usage"u8);
        }
        else
        {
            WriteUsage(json, usage);
        }

        json.WriteNull("user"u8);
        json.WriteStartObject("metadata"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter json, in Usage usage)
    {
        var input = usage.Input ?? 0;
        if (usage.Semantics == UsageSemantics.InputExcludesCache)
        {
            input += (usage.CacheRead ?? 0) + (usage.CacheWrite ?? 0);
        }

        var made = usage.Output ?? 0;
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, input);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CacheRead ?? 0);
        Number(json, "cached_creation_tokens"u8, usage.CacheWrite);
        Number(json, "audio_tokens"u8, usage.AudioInput);
        Number(json, "image_tokens"u8, usage.ImageInput);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, made);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, usage.Reasoning ?? 0);
        Number(json, "audio_tokens"u8, usage.AudioOutput);
        Number(json, "image_tokens"u8, usage.ImageOutput);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, input + made);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? count)
    {
        if (count is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private void Address(Utf8JsonWriter json)
    {
        json.WriteString("item_id"u8, _id);
        json.WriteNumber("output_index"u8, _index);
        json.WriteNumber("content_index"u8, _partIndex);
    }

    private void Summary(Utf8JsonWriter json)
    {
        json.WriteString("item_id"u8, _id);
        json.WriteNumber("output_index"u8, _index);
        json.WriteNumber("summary_index"u8, 0);
    }

    private byte[] MakeAddress(string part, int number) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $",\"item_id\":\"{JsonEncodedText.Encode(_id)}\",\"output_index\":{_index},\"{part}\":{number},\"delta\":\""));

    private void Delta(ReadOnlySpan<byte> type, ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> end)
    {
        var start = _text.Append(utf8);
        Head(type);
        output.Write(_address);
        output.Write(_text.Since(start));
        output.Write(end);
    }

    private void Head(ReadOnlySpan<byte> type)
    {
        output.Write("event: "u8);
        output.Write(type);
        output.Write("\ndata: {\"type\":\""u8);
        output.Write(type);
        output.Write("\",\"sequence_number\":"u8);
        Span<byte> digits = stackalloc byte[20];
        _sequence++.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        output.Write(digits[..length]);
    }

    private Utf8JsonWriter Event(ReadOnlySpan<byte> type)
    {
        output.Write("event: "u8);
        output.Write(type);
        output.Write("\ndata: "u8);
        var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteNumber("sequence_number"u8, _sequence++);
        return json;
    }

    private void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.Dispose();
        output.Write("\n\n"u8);
    }

    private sealed class Call(int number, int index, string id, string callId, string? space, string name, bool custom)
    {
        public int Number => number;

        public int Index => index;

        public string Id => id;

        public string CallId => callId;

        public string? Namespace => space;

        public string Name => name;

        public bool Custom => custom;

        public JsonTextBuffer Arguments { get; } = new();

        public byte[] Address { get; } = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $",\"item_id\":\"{JsonEncodedText.Encode(id)}\",\"output_index\":{index},\"delta\":\""));
    }
}
