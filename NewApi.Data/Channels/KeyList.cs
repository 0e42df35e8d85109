using System.Text.Json;
using NewApi.Data.Rows;

namespace NewApi.Data.Channels;

/// <summary>The credentials in <c>channels.key</c>: one a line, or the elements of a JSON array (specification: data model §4.4).</summary>
public static class KeyList
{
    public static List<string> Split(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var text = key.Trim();
        if (text.StartsWith('['))
        {
            try
            {
                using var json = JsonDocument.Parse(text);
                if (json.RootElement.ValueKind == JsonValueKind.Array)
                {
                    return [.. json.RootElement.EnumerateArray().Select(element =>
                        element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText())];
                }
            }
            catch (JsonException)
            {
                // Not an array after all: a key may begin with a bracket.
            }
        }
        return [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
    }

    /// <summary>The credentials of a channel with their states; blank ones are none.</summary>
    public static IReadOnlyList<StoredKey> Of(ChannelRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var info = MultiKeyInfo.Parse(row.ChannelInfo);
        if (!info.IsMultiKey)
        {
            return row.Key.Trim() is { Length: > 0 } single ? [new StoredKey(0, single, ChannelStatus.Enabled, 0)] : [];
        }
        return [.. Split(row.Key).Select((key, index) => new StoredKey(index, key, info.StatusOf(index), info.DisabledAt(index)))];
    }

    /// <summary>The first key that is not disabled, or null.</summary>
    public static StoredKey? FirstEnabled(ChannelRow row) => Of(row).FirstOrDefault(key => key.Status == ChannelStatus.Enabled);
}

/// <summary>A credential of a channel's row. It never shows itself in a log or an error text.</summary>
/// <param name="index">Its place in the row.</param>
/// <param name="secret">The credential.</param>
/// <param name="status">One of <see cref="ChannelStatus"/>; of a channel with one key only the channel has a state.</param>
/// <param name="disabledAt">When it was disabled (unix seconds), or 0.</param>
public sealed class StoredKey(int index, string secret, long status, long disabledAt)
{
    public int Index => index;

    public string Secret => secret;

    public long Status => status;

    public long DisabledAt => disabledAt;

    public override string ToString() => "***";
}
