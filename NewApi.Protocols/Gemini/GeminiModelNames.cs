using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// Gemini names the model in the address, and some requests name it once more inside, where the upstream refuses any other:
/// <code>
/// {"model":"models/m","content":{…}}
/// {"requests":[{"model":"models/m","content":{…}}]}
/// {"generateContentRequest":{"model":"models/m","contents":[…]}}
/// </code>
/// </summary>
public static class GeminiModelNames
{
    private const string Models = "models/";

    /// <summary>Writes the body with every such name replaced by the upstream's; false when it has none, and nothing was written.</summary>
    public static bool TryWrite(ReadOnlySpan<byte> body, string model, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (body.IndexOf("\"model\""u8) < 0)
        {
            return false;
        }

        var walk = new Walk(body, model, output);
        return walk.Run();
    }

    private ref struct Walk(ReadOnlySpan<byte> body, string model, IBufferWriter<byte> output)
    {
        private readonly ReadOnlySpan<byte> _body = body;
        private Utf8JsonReader _reader = new(body, new JsonReaderOptions { MaxDepth = RequestScanner.MaxDepth });
        private int _copied;

        public bool Run()
        {
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            Members(root: true);
            if (_copied == 0)
            {
                return false;
            }

            output.Write(_body[_copied..]);
            return true;
        }

        /// <summary>The members of one object that may name a model.</summary>
        private void Members(bool root)
        {
            while (JsonFields.NextMember(ref _reader))
            {
                var name = _reader.ValueSpan;
                var names = name.SequenceEqual("model"u8);
                var request = root && (name.SequenceEqual("generateContentRequest"u8) || name.SequenceEqual("generate_content_request"u8));
                var requests = root && name.SequenceEqual("requests"u8);
                _reader.Read();
                if (names && _reader.TokenType == JsonTokenType.String)
                {
                    Replace();
                }
                else if (request && _reader.TokenType == JsonTokenType.StartObject)
                {
                    Members(root: false);
                }
                else if (requests && _reader.TokenType == JsonTokenType.StartArray)
                {
                    Requests();
                }
                else
                {
                    _reader.Skip();
                }
            }
        }

        private void Requests()
        {
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            {
                if (_reader.TokenType == JsonTokenType.StartObject)
                {
                    Members(root: false);
                }
                else
                {
                    _reader.Skip();
                }
            }
        }

        private void Replace()
        {
            var name = _reader.ValueSpan.StartsWith("models/"u8) ? Models + model : model;
            output.Write(_body[_copied..(int)_reader.TokenStartIndex]);
            output.Write("\""u8);
            output.Write(JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
            output.Write("\""u8);
            _copied = (int)_reader.BytesConsumed;
        }
    }
}
