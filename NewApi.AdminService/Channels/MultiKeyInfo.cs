using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NewApi.AdminService.Channels;

/// <summary>
/// The JSON of <c>channels.channel_info</c> (specification: data model §4.4), with the members we do not know kept.
/// </summary>
internal sealed class MultiKeyInfo
{
    private const string StatusList = "multi_key_status_list";
    private const string Reasons = "multi_key_disabled_reason";
    private const string Times = "multi_key_disabled_time";

    private readonly JsonObject _json;

    private MultiKeyInfo(JsonObject json) => _json = json;

    public bool IsMultiKey
    {
        get => _json["is_multi_key"]?.GetValueKind() == JsonValueKind.True;
        init => _json["is_multi_key"] = value;
    }

    public int Size
    {
        get => _json["multi_key_size"] is JsonValue value && value.TryGetValue<int>(out var size) ? size : 0;
        set => _json["multi_key_size"] = value;
    }

    public string Mode
    {
        get => _json["multi_key_mode"] is JsonValue value && value.TryGetValue<string>(out var mode) ? mode : "";
        set => _json["multi_key_mode"] = value;
    }

    public static MultiKeyInfo Parse(string? text)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            try
            {
                if (JsonNode.Parse(text) is JsonObject json)
                {
                    return new MultiKeyInfo(json);
                }
            }
            catch (JsonException)
            {
                // What can not be read means a plain channel.
            }
        }
        return new MultiKeyInfo([]);
    }

    public static MultiKeyInfo Single() => new(new JsonObject
    {
        ["is_multi_key"] = false,
        ["multi_key_size"] = 0,
        [StatusList] = null,
        ["multi_key_polling_index"] = 0,
        ["multi_key_mode"] = "",
    });

    public static MultiKeyInfo Multi(int size, string mode) => new(new JsonObject
    {
        ["is_multi_key"] = true,
        ["multi_key_size"] = size,
        [StatusList] = null,
        ["multi_key_polling_index"] = 0,
        ["multi_key_mode"] = mode,
    });

    /// <summary>1 enabled, 2 by hand, 3 automatically.</summary>
    public long StatusOf(int index) =>
        _json[StatusList] is JsonObject list && list[index.ToString(CultureInfo.InvariantCulture)] is JsonValue value
        && value.TryGetValue<long>(out var status) ? status : ChannelStatus.Enabled;

    /// <summary>Forgets what is known about keys beyond the new number of keys.</summary>
    public void Resize(int size)
    {
        Size = size;
        foreach (var name in (string[])[StatusList, Reasons, Times])
        {
            if (_json[name] is JsonObject entries)
            {
                foreach (var key in entries.Select(entry => entry.Key).Where(key => !int.TryParse(key, out var index) || index >= size).ToList())
                {
                    entries.Remove(key);
                }
            }
        }
    }

    public override string ToString() => _json.ToJsonString();

    /// <summary>As lists show it: why single keys were disabled is a matter of its own page.</summary>
    public JsonObject ToView()
    {
        var view = (JsonObject)_json.DeepClone();
        view.Remove(Reasons);
        view.Remove(Times);
        return view;
    }
}

internal static class ChannelStatus
{
    public const long Enabled = 1;
    public const long DisabledByHand = 2;
    public const long DisabledAutomatically = 3;
}
