using NewApi.Data.Channels;

namespace NewApi.AdminService.Channels;

/// <summary>The credentials in <c>channels.key</c>: one a line, or the elements of a JSON array (specification: data model §4.4).</summary>
internal static class ChannelKeys
{
    public static List<string> Split(string key) => KeyList.Split(key);

    /// <summary>The first key that is not disabled, or null.</summary>
    public static string? FirstEnabled(string key, MultiKeyInfo info)
    {
        if (!info.IsMultiKey)
        {
            return key.Trim() is { Length: > 0 } single ? single : null;
        }
        var keys = Split(key);
        for (var i = 0; i < keys.Count; i++)
        {
            if (info.StatusOf(i) == ChannelStatus.Enabled)
            {
                return keys[i];
            }
        }
        return null;
    }
}
