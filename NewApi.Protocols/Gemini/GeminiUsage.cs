using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// Usage of generated content, largest figure per member, since every chunk repeats the usage so far:
/// <code>
/// {"promptTokenCount":9,"candidatesTokenCount":4,"thoughtsTokenCount":2,"totalTokenCount":15,"cachedContentTokenCount":8,
///  "toolUsePromptTokenCount":1,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":3}]}
/// </code>
/// </summary>
internal struct GeminiUsage
{
    private long? _prompt;
    private long? _toolPrompt;
    private long? _candidates;
    private long? _thoughts;
    private long? _total;
    private long? _cached;
    private long? _imageInput;
    private long? _audioInput;
    private long? _imageOutput;
    private long? _audioOutput;

    /// <summary>Reads a usage object; the reader stands on its brace. Returns false when there is none.</summary>
    public bool Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 16 when member.SequenceEqual("promptTokenCount"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _prompt);
                    break;
                case 23 when member.SequenceEqual("toolUsePromptTokenCount"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _toolPrompt);
                    break;
                case 20 when member.SequenceEqual("candidatesTokenCount"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _candidates);
                    break;
                case 18 when member.SequenceEqual("thoughtsTokenCount"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _thoughts);
                    break;
                case 15 when member.SequenceEqual("totalTokenCount"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _total);
                    break;
                case 23 when member.SequenceEqual("cachedContentTokenCount"u8):
                    reader.Read();
                    JsonFields.TakeMax(ref reader, ref _cached);
                    break;
                case 19 when member.SequenceEqual("promptTokensDetails"u8):
                    reader.Read();
                    ReadModalities(ref reader, ref _imageInput, ref _audioInput);
                    break;
                case 23 when member.SequenceEqual("candidatesTokensDetails"u8):
                    reader.Read();
                    ReadModalities(ref reader, ref _imageOutput, ref _audioOutput);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return true;
    }

    /// <param name="tools">Tools whose use was seen in the answer.</param>
    public readonly Usage ToUsage(ToolUses? tools)
    {
        long? input = _prompt is null && _toolPrompt is null ? null : (_prompt ?? 0) + (_toolPrompt ?? 0);
        long? output = _candidates is null && _thoughts is null ? null : (_candidates ?? 0) + (_thoughts ?? 0);
        if ((output ?? 0) <= 0 && _total > (input ?? 0))
        {
            output = _total - (input ?? 0);
        }

        if ((input ?? 0) == 0 && (output ?? 0) == 0)
        {
            return new Usage { Tools = tools };
        }

        return new Usage
        {
            Semantics = UsageSemantics.InputIncludesCache,
            Input = input,
            Output = output,
            CacheRead = _cached,
            Reasoning = _thoughts,
            ImageInput = _imageInput,
            ImageOutput = _imageOutput,
            AudioInput = _audioInput,
            AudioOutput = _audioOutput,
            Tools = tools,
        };
    }

    private static void ReadModalities(ref Utf8JsonReader reader, ref long? images, ref long? audio)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            ReadOnlySpan<byte> modality = default;
            long? count = null;
            while (JsonFields.NextMember(ref reader))
            {
                var isModality = reader.ValueSpan.SequenceEqual("modality"u8);
                var isCount = reader.ValueSpan.SequenceEqual("tokenCount"u8);
                reader.Read();
                if (isCount)
                {
                    JsonFields.TakeMax(ref reader, ref count);
                    continue;
                }

                modality = isModality && reader.TokenType == JsonTokenType.String ? reader.ValueSpan : modality;
                reader.Skip();
            }

            if (modality.SequenceEqual("IMAGE"u8))
            {
                JsonFields.Larger(ref images, count);
            }
            else if (modality.SequenceEqual("AUDIO"u8))
            {
                JsonFields.Larger(ref audio, count);
            }
        }
    }
}
