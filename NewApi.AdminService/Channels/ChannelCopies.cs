using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Data.Channels;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Channels;

/// <summary>How several keys become channels, and what a change of keys does to a channel of several keys.</summary>
internal static class ChannelCopies
{
    public static IReadOnlyList<ChannelRow> OnePerKey(ChannelRow template, bool addKeyToName) =>
    [
        .. KeyList.Split(template.Key).Select(key => new ChannelRow
        {
            Type = template.Type,
            Key = key,
            OpenAiOrganization = template.OpenAiOrganization,
            TestModel = template.TestModel,
            Status = template.Status,
            Name = addKeyToName ? $"{template.Name} {key[..Math.Min(8, key.Length)]}" : template.Name,
            Weight = template.Weight,
            CreatedTime = template.CreatedTime,
            BaseUrl = template.BaseUrl,
            Other = template.Other,
            Models = template.Models,
            Group = template.Group,
            ModelMapping = template.ModelMapping,
            StatusCodeMapping = template.StatusCodeMapping,
            Priority = template.Priority,
            AutoBan = template.AutoBan,
            OtherInfo = template.OtherInfo,
            Tag = template.Tag,
            Setting = template.Setting,
            ParamOverride = template.ParamOverride,
            HeaderOverride = template.HeaderOverride,
            Remark = template.Remark,
            ChannelInfo = template.ChannelInfo,
            Settings = template.Settings,
        }),
    ];

    public static ChannelRow WithAllKeys(ChannelRow row, string? mode)
    {
        var keys = KeyList.Split(row.Key);
        row.Key = Join(keys, row.Key);
        row.ChannelInfo = MultiKeyInfo.Multi(keys.Count, mode is "polling" ? "polling" : "random").ToString();
        return row;
    }

    /// <summary>
    /// Puts the key list of a multi-key channel in order after an edit: <c>append</c> adds the keys that are new, anything else has replaced
    /// the list already; states of keys that are gone are forgotten.
    /// </summary>
    public static void UpdateKeys(ChannelRow row, string before, string? keyMode, string? multiKeyMode)
    {
        var info = MultiKeyInfo.Parse(row.ChannelInfo);
        if (!info.IsMultiKey)
        {
            return;
        }
        if (multiKeyMode is "random" or "polling")
        {
            info.Mode = multiKeyMode;
        }
        if (row.Key != before)
        {
            var keys = KeyList.Split(row.Key);
            if (keyMode == "append")
            {
                keys = [.. KeyList.Split(before).Concat(keys).Distinct(StringComparer.Ordinal)];
            }
            row.Key = Join(keys, keyMode == "append" ? before : row.Key);
            info.Resize(keys.Count);
        }
        row.ChannelInfo = info.ToString();
    }

    /// <summary>Keeps the form the list had: a JSON array stays one, for keys that are JSON objects themselves.</summary>
    private static string Join(List<string> keys, string like)
    {
        if (!like.TrimStart().StartsWith('['))
        {
            return string.Join('\n', keys);
        }
        var array = new JsonArray();
        foreach (var key in keys)
        {
            array.Add(ChannelRules.Object(key) is { } json ? JsonNode.Parse(json.GetRawText()) : JsonValue.Create(key));
        }
        return array.ToJsonString();
    }
}
