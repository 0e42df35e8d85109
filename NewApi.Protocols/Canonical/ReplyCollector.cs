using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// Folds a streamed answer into a whole one: for upstreams that stream whatever they are asked, and for codecs whose whole answers are
/// easier told as pieces. The one place that holds an answer, and only when a caller wants it whole.
/// </summary>
public sealed class ReplyCollector : ReplySink
{
    private readonly ChatReply _reply = new();
    private readonly List<Building> _building = [];

    public ChatReply Reply
    {
        get
        {
            foreach (var building in _building)
            {
                building.Close();
            }

            return _reply;
        }
    }

    public override void Start(in ReplyHead head) => _reply.Head = head;

    public override void Text(int choice, ReadOnlySpan<byte> utf8) => Of(choice).Append(PartKind.Text, -1, utf8);

    public override void Reasoning(int choice, ReadOnlySpan<byte> utf8) => Of(choice).Append(PartKind.Reasoning, -1, utf8);

    public override void Refusal(int choice, ReadOnlySpan<byte> utf8) => Of(choice).Append(PartKind.Refusal, -1, utf8);

    public override void ReasoningSignature(int choice, ReadOnlySpan<byte> signature) =>
        Of(choice).Sign(Encoding.UTF8.GetString(signature));

    public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data) =>
        Of(choice).Add(new ReasoningPart("") { Encrypted = Encoding.UTF8.GetString(data) });

    public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name) =>
        Of(choice).Call(call, Encoding.UTF8.GetString(id), Encoding.UTF8.GetString(name));

    public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json) => Of(choice).Append(PartKind.Arguments, call, json);

    public override void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature) =>
        Of(choice).SignCall(call, Encoding.UTF8.GetString(signature));

    public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64) =>
        Of(choice).Add(new ImagePart(Source(mimeType, base64)));

    public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
    {
        if (!base64.IsEmpty)
        {
            Of(choice).Add(new AudioPart(Source(mimeType, base64)));
        }

        if (!transcript.IsEmpty)
        {
            Text(choice, transcript);
        }
    }

    public override void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title) =>
        Of(choice).Cite(new Citation(Encoding.UTF8.GetString(url), title.IsEmpty ? null : Encoding.UTF8.GetString(title)));

    public override void LogProbs(int choice, ReadOnlySpan<byte> json) => Of(choice).AddLogProbs(json);

    public override void Finish(int choice, FinishReason reason)
    {
        var building = Of(choice);
        building.Close();
        building.Choice.Finish = reason;
    }

    public override void Usage(in Usage usage) => _reply.Usage = usage;

    private static MediaSource Source(ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64) => new()
    {
        MimeType = Encoding.UTF8.GetString(mimeType),
        Base64 = Encoding.UTF8.GetString(base64),
    };

    private Building Of(int choice)
    {
        while (_building.Count <= choice)
        {
            var made = new ReplyChoice();
            _reply.Choices.Add(made);
            _building.Add(new Building(made));
        }

        return _building[choice];
    }

    private enum PartKind
    {
        None,
        Text,
        Reasoning,
        Refusal,
        Arguments,
    }

    private sealed class Building(ReplyChoice choice)
    {
        private readonly ArrayBufferWriter<byte> _text = new();
        private readonly List<OpenCall> _calls = [];
        private PartKind _kind;
        private List<Citation>? _citations;
        private ArrayBufferWriter<byte>? _logProbs;

        public ReplyChoice Choice => choice;

        public void Append(PartKind kind, int call, ReadOnlySpan<byte> utf8)
        {
            if (kind == PartKind.Arguments)
            {
                _calls.Find(open => open.Index == call)?.Arguments.Write(utf8);
                return;
            }

            if (kind != _kind)
            {
                CloseText();
                _kind = kind;
            }

            _text.Write(utf8);
        }

        public void Add(ChatPart part)
        {
            CloseText();
            choice.Parts.Add(part);
        }

        public void Sign(string signature)
        {
            if (_kind != PartKind.Reasoning)
            {
                CloseText();
                _kind = PartKind.Reasoning;
            }

            CloseText(signature);
        }

        /// <summary>Belongs to the text that is being built; where none is, to the last one.</summary>
        public void Cite(Citation citation)
        {
            if (_kind == PartKind.Text)
            {
                (_citations ??= []).Add(citation);
            }
            else if (choice.Parts.FindLastIndex(part => part is TextPart) is >= 0 and var at)
            {
                var text = (TextPart)choice.Parts[at];
                choice.Parts[at] = text with { Citations = [.. text.Citations ?? [], citation] };
            }
        }

        /// <summary>Arrays of several frames become one.</summary>
        public void AddLogProbs(ReadOnlySpan<byte> json)
        {
            var tokens = json.Trim(" \t\r\n"u8);
            if (tokens.Length < 3 || tokens[0] != (byte)'[' || tokens[^1] != (byte)']')
            {
                return;
            }

            _logProbs ??= new ArrayBufferWriter<byte>();
            _logProbs.Write(_logProbs.WrittenCount == 0 ? "["u8 : ","u8);
            _logProbs.Write(tokens[1..^1]);
        }

        public void Call(int index, string id, string name)
        {
            CloseText();
            _calls.Add(new OpenCall(index, choice.Parts.Count, id, name));
            choice.Parts.Add(new ToolCallPart(id, name, ""));
        }

        public void SignCall(int index, string signature)
        {
            if (_calls.Find(open => open.Index == index) is { } call)
            {
                call.Signature = signature;
            }
        }

        public void Close()
        {
            CloseText();
            if (_logProbs is { WrittenCount: > 0 })
            {
                _logProbs.Write("]"u8);
                choice.LogProbs = JsonElement.Parse(_logProbs.WrittenSpan);
                _logProbs = null;
            }

            foreach (var call in _calls)
            {
                choice.Parts[call.At] = new ToolCallPart(call.Id, call.Name, Encoding.UTF8.GetString(call.Arguments.WrittenSpan))
                {
                    Signature = call.Signature,
                };
            }
        }

        private void CloseText(string? signature = null)
        {
            var text = Encoding.UTF8.GetString(_text.WrittenSpan);
            ChatPart? part = _kind switch
            {
                PartKind.Text when text.Length > 0 => new TextPart(text) { Citations = _citations },
                PartKind.Refusal when text.Length > 0 => new RefusalPart(text),
                PartKind.Reasoning when text.Length > 0 || signature is not null => new ReasoningPart(text) { Signature = signature },
                _ => null,
            };
            if (part is not null)
            {
                choice.Parts.Add(part);
            }

            _citations = null;
            _text.ResetWrittenCount();
            _kind = PartKind.None;
        }
    }

    private sealed class OpenCall(int index, int at, string id, string name)
    {
        public int Index => index;

        public int At => at;

        public string Id => id;

        public string Name => name;

        public string? Signature { get; set; }

        public ArrayBufferWriter<byte> Arguments { get; } = new();
    }
}
