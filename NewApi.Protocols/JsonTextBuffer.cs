using System.Buffers;

namespace NewApi.Protocols;

/// <summary>A JSON string under construction: text goes in, escaped once, and comes out in pieces and as a whole.</summary>
internal sealed class JsonTextBuffer
{
    private readonly ArrayBufferWriter<byte> _json = new();
    private bool _closed;

    /// <summary>UTF-16 characters so far.</summary>
    public int Characters =>
        _json.WrittenCount < 2 ? 0 : JsonText.ToText(_json.WrittenSpan[1..], escaped: true)?.Length ?? 0;

    /// <summary>Whether the text is itself JSON, and an object.</summary>
    public bool IsJsonObject()
    {
        var text = new byte[_json.WrittenCount];
        return _json.WrittenCount > 1 && JsonText.IsObject(text.AsSpan(0, JsonText.Decode(_json.WrittenSpan[1..], text)));
    }

    /// <summary>Adds text; returns where it begins, for <see cref="Since"/>.</summary>
    public int Append(ReadOnlySpan<byte> utf8)
    {
        if (_json.WrittenCount == 0)
        {
            _json.Write("\""u8);
        }

        var start = _json.WrittenCount;
        JsonText.WriteEscaped(_json, utf8);
        return start;
    }

    /// <summary>What was added, escaped, without quotes.</summary>
    public ReadOnlySpan<byte> Since(int start) => _json.WrittenSpan[start..];

    /// <summary>The whole string, quotes included; valid until it is cleared.</summary>
    public ReadOnlySpan<byte> Close()
    {
        if (!_closed)
        {
            Append(default);
            _json.Write("\""u8);
            _closed = true;
        }

        return _json.WrittenSpan;
    }

    public void Clear()
    {
        _json.ResetWrittenCount();
        _closed = false;
    }
}
