using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NewApi.Data.Channels;

/// <summary>
/// The JSON of <c>channels.channel_info</c> (specification: data model §4.4), with the members we do not know kept.
/// </summary>
public sealed class MultiKeyInfo
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
    public long StatusOf(int index) => Number(StatusList, index) ?? ChannelStatus.Enabled;

    /// <summary>When a key was disabled (unix seconds); 0 when nobody noted it.</summary>
    public long DisabledAt(int index) => Number(Times, index) ?? 0;

    /// <summary>Disables one key on the gateway's own account.</summary>
    public void Disable(int index, string reason, long now)
    {
        var name = NameOf(index);
        Member(StatusList)[name] = ChannelStatus.DisabledAutomatically;
        Member(Reasons)[name] = reason;
        Member(Times)[name] = now;
    }

    /// <summary>Enables one key, and forgets why it was disabled.</summary>
    public void Enable(int index)
    {
        foreach (var member in (string[])[StatusList, Reasons, Times])
        {
            (_json[member] as JsonObject)?.Remove(NameOf(index));
        }
    }

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

    private static string NameOf(int index) => index.ToString(CultureInfo.InvariantCulture);

    private long? Number(string member, int index) =>
        _json[member] is JsonObject list && list[NameOf(index)] is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    private JsonObject Member(string name)
    {
        if (_json[name] is not JsonObject member)
        {
            _json[name] = member = [];
        }
        return member;
    }
}
