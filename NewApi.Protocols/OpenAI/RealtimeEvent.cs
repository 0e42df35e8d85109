using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// What one event of a realtime session means for the bill:
/// <code>
/// {"type":"response.done","response":{"id":"resp_1","status":"completed","usage":{"input_tokens":9,"input_token_details":{…},…}}}
/// {"type":"response.output_audio.delta","delta":"base64…"}      {"type":"response.output_text.delta","delta":"Hi"}
/// {"type":"input_audio_buffer.append","audio":"base64…"}        {"type":"session.update","session":{"instructions":"…","tools":[…]}}
/// </code>
/// </summary>
public readonly record struct RealtimeEvent
{
    /// <summary>What a response used, as the upstream says; null where it says nothing.</summary>
    public Usage? Usage { get; private init; }

    /// <summary>A response has ended.</summary>
    public bool EndsResponse { get; private init; }

    /// <summary>Tokens of text, estimated: of what the caller said, or of what the model did.</summary>
    public long TextTokens { get; private init; }

    /// <summary>Bytes of sound, decoded.</summary>
    public long SoundBytes { get; private init; }

    /// <summary>Telephone sound is spoken from here on, or linear sound; null when the event does not say.</summary>
    public bool? Telephone { get; private init; }

    /// <summary>Reads an event; one that is no JSON means nothing.</summary>
    public static RealtimeEvent Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return ReadObject(json);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static RealtimeEvent ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }

        ReadOnlySpan<byte> type = default;
        Usage? usage = null;
        bool? telephone = null;
        var text = new TokenEstimate(TokenFamily.Other);
        long sound = 0;
        ReadOnlySpan<byte> delta = default;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            if (member.SequenceEqual("type"u8))
            {
                reader.Read();
                type = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : default;
                reader.Skip();
            }
            else if (member.SequenceEqual("delta"u8))
            {
                reader.Read();
                delta = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : default;
                reader.Skip();
            }
            else if (member.SequenceEqual("audio"u8))
            {
                reader.Read();
                sound += reader.TokenType == JsonTokenType.String ? Decoded(reader.ValueSpan) : 0;
                reader.Skip();
            }
            else if (member.SequenceEqual("response"u8) || member.SequenceEqual("session"u8) || member.SequenceEqual("item"u8))
            {
                reader.Read();
                ReadBody(ref reader, ref usage, ref telephone, ref text);
            }
            else
            {
                reader.Skip();
            }
        }

        var done = type.SequenceEqual("response.done"u8);
        if (type.EndsWith("audio.delta"u8))
        {
            return new RealtimeEvent { SoundBytes = Decoded(delta) };
        }

        if (type.StartsWith("response."u8) && type.EndsWith(".delta"u8))
        {
            text.Add(delta);
            return new RealtimeEvent { TextTokens = text.Total };
        }

        // What the upstream says of items and sessions repeats what was said before.
        var said = type.SequenceEqual("session.update"u8) || type.SequenceEqual("conversation.item.create"u8) || type.SequenceEqual("response.create"u8);
        return new RealtimeEvent
        {
            EndsResponse = done,
            Usage = done ? usage : null,
            TextTokens = said ? text.Total : 0,
            SoundBytes = type.SequenceEqual("input_audio_buffer.append"u8) ? sound : 0,
            Telephone = telephone,
        };
    }

    /// <summary>Usage, texts and sound formats, wherever they stand in the object.</summary>
    private static void ReadBody(ref Utf8JsonReader reader, ref Usage? usage, ref bool? telephone, ref TokenEstimate text)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        var top = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == top))
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var member = reader.ValueSpan;
            if (member.SequenceEqual("usage"u8))
            {
                reader.Read();
                var counts = default(OpenAIUsage);
                if (counts.Read(ref reader) && counts.ToUsage() is { IsEmpty: false } reported)
                {
                    usage = reported;
                }
            }
            else if (member.SequenceEqual("text"u8) || member.SequenceEqual("instructions"u8) || member.SequenceEqual("output"u8)
                || member.SequenceEqual("description"u8) || member.SequenceEqual("name"u8) || member.SequenceEqual("arguments"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    text.Add(reader.ValueSpan);
                }
            }
            else if (member.SequenceEqual("input_audio_format"u8) || member.SequenceEqual("type"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    telephone = reader.ValueSpan.StartsWith("g711"u8) || reader.ValueSpan.StartsWith("audio/pcm"u8) || reader.ValueSpan.SequenceEqual("pcm16"u8)
                        ? !reader.ValueSpan.SequenceEqual("pcm16"u8) && !reader.ValueSpan.SequenceEqual("audio/pcm"u8)
                        : telephone;
                }
            }
        }
    }

    private static long Decoded(ReadOnlySpan<byte> base64) => base64.Length * 3L / 4;
}
