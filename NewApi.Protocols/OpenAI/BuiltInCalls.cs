using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Pricing;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Calls of tools that the upstream of Responses runs itself. They are charged by the call, searches only where they searched:
/// <code>
/// {"type":"web_search_call","status":"completed","action":{"type":"search",…}}
/// {"type":"image_generation_call","status":"completed","quality":"low","size":"1024x1024","result":"…"}
/// </code>
/// </summary>
internal sealed class BuiltInCalls
{
    private const int LongestName = 64;

    // Kinds of calls, not calls: tools times tiers.
    private const int Most = 32;

    private List<ToolUse>? _calls;
    private bool _previewSearch;

    public ToolUses? Uses => _calls is null
        ? null
        : ToolUses.Of(_previewSearch
            ? _calls.ConvertAll(static use => use.Tool == ToolPrices.WebSearch ? use with { Tool = ToolPrices.WebSearchPreview } : use)
            : _calls);

    /// <summary>One finished output item.</summary>
    public void ReadItem(ReadOnlySpan<byte> json)
    {
        // Most items are messages, and long: no call, no second look.
        if (json.IndexOf("_call\""u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        ReadOnlySpan<byte> type = default, quality = default, size = default;
        var useless = false;
        while (JsonFields.NextMember(ref reader))
        {
            var member = reader.ValueSpan;
            switch (member.Length)
            {
                case 4 when member.SequenceEqual("type"u8):
                    type = WordOf(ref reader);
                    break;
                case 6 when member.SequenceEqual("status"u8):
                    useless |= WordOf(ref reader).SequenceEqual("failed"u8);
                    break;
                case 6 when member.SequenceEqual("action"u8):
                    reader.Read();
                    useless |= IsOtherAction(ref reader);
                    break;
                case 7 when member.SequenceEqual("quality"u8):
                    quality = WordOf(ref reader);
                    break;
                case 4 when member.SequenceEqual("size"u8):
                    size = WordOf(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (!useless && type.EndsWith("_call"u8) && type.Length <= LongestName && !IsCallers(type))
        {
            Note(type[..^"_call".Length], quality, size);
        }
    }

    /// <summary>The output of a whole response, which lists the calls again that events have told of one by one.</summary>
    public void ReadOutput(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        if (json.IsEmpty || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        var told = _calls;
        _calls = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            ReadItem(json[start..(int)reader.BytesConsumed]);
        }

        if (told is not null)
        {
            _calls = ToolUses.Merge(ToolUses.Of(told), ToolUses.Of(_calls))!.ToList();
        }
    }

    /// <summary>The answer repeats the tools it was given, and the older search is dearer: <c>"tools":[{"type":"web_search_preview"}]</c>.</summary>
    public void ReadOffered(ref Utf8JsonReader reader)
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

            while (JsonFields.NextMember(ref reader))
            {
                var type = reader.ValueSpan.SequenceEqual("type"u8);
                _previewSearch |= WordOf(ref reader).StartsWith("web_search_preview"u8) && type;
            }
        }
    }

    /// <summary>Tools that the caller runs: the upstream does nothing that it could charge for.</summary>
    private static bool IsCallers(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("function_call"u8) || type.SequenceEqual("custom_tool_call"u8) || type.SequenceEqual("mcp_call"u8)
        || type.SequenceEqual("computer_call"u8) || type.SequenceEqual("local_shell_call"u8) || type.SequenceEqual("shell_call"u8)
        || type.SequenceEqual("apply_patch_call"u8) || type.SequenceEqual("tool_search_call"u8);

    private static bool IsOtherAction(ref Utf8JsonReader reader)
    {
        var other = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return other;
        }

        while (JsonFields.NextMember(ref reader))
        {
            var found = reader.ValueSpan.SequenceEqual("type"u8);
            other |= WordOf(ref reader) is { IsEmpty: false } type && found && !type.SequenceEqual("search"u8);
        }

        return other;
    }

    /// <summary>The text of the member at whose name the reader stands; empty for anything else.</summary>
    private static ReadOnlySpan<byte> WordOf(scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        var word = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : default;
        reader.Skip();
        return word;
    }

    private void Note(ReadOnlySpan<byte> name, ReadOnlySpan<byte> quality, ReadOnlySpan<byte> size)
    {
        var tool = name.SequenceEqual("web_search"u8) ? ToolPrices.WebSearch
            : name.SequenceEqual("file_search"u8) ? ToolPrices.FileSearch
            : name.SequenceEqual("image_generation"u8) ? ToolPrices.ImageGeneration
            : Encoding.UTF8.GetString(name);
        var tier = tool == ToolPrices.ImageGeneration && IsTier(quality) && IsTier(size)
            ? $"{Encoding.UTF8.GetString(quality)}/{Encoding.UTF8.GetString(size)}"
            : null;
        _calls ??= [];
        var known = _calls.FindIndex(use => use.Tool == tool && use.Tier == tier);
        if (known >= 0)
        {
            _calls[known] = _calls[known] with { Calls = _calls[known].Calls + 1 };
        }
        else if (_calls.Count < Most)
        {
            _calls.Add(new ToolUse(tool, 1, tier));
        }
    }

    private static bool IsTier(ReadOnlySpan<byte> word) => word.Length is > 0 and <= 32 && !word.SequenceEqual("auto"u8);
}
