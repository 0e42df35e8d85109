using System.Text.Json;
using NewApi.AdminService.Http;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Channels;

/// <summary>
/// Puts the members of a client's channel object on a row. Plain members that are absent, zero or empty leave the row alone; nullable ones
/// are taken whenever they are there, also when empty (specification: admin API §10.2).
/// </summary>
internal static class ChannelFields
{
    private static readonly Dictionary<string, Action<ChannelRow, string>> Plain = new(StringComparer.Ordinal)
    {
        ["key"] = static (row, value) => row.Key = value,
        ["name"] = static (row, value) => row.Name = value,
        ["other"] = static (row, value) => row.Other = value,
        ["models"] = static (row, value) => row.Models = value.Trim(','),
        ["group"] = static (row, value) => row.Group = value.Trim(','),
        ["settings"] = static (row, value) => row.Settings = value,
        ["other_info"] = static (row, value) => row.OtherInfo = value,
    };

    private static readonly Dictionary<string, Action<ChannelRow, string?>> Nullable = new(StringComparer.Ordinal)
    {
        ["openai_organization"] = static (row, value) => row.OpenAiOrganization = value,
        ["test_model"] = static (row, value) => row.TestModel = value,
        ["base_url"] = static (row, value) => row.BaseUrl = value?.Trim().TrimEnd('/'),
        ["model_mapping"] = static (row, value) => row.ModelMapping = value,
        ["status_code_mapping"] = static (row, value) => row.StatusCodeMapping = value,
        ["tag"] = static (row, value) => row.Tag = value,
        ["setting"] = static (row, value) => row.Setting = value,
        ["param_override"] = static (row, value) => row.ParamOverride = value,
        ["header_override"] = static (row, value) => row.HeaderOverride = value,
        ["remark"] = static (row, value) => row.Remark = value,
    };

    private static readonly Dictionary<string, Action<ChannelRow, long>> PlainNumbers = new(StringComparer.Ordinal)
    {
        ["type"] = static (row, value) => row.Type = value,
        ["status"] = static (row, value) => row.Status = value,
    };

    private static readonly Dictionary<string, Action<ChannelRow, long?>> NullableNumbers = new(StringComparer.Ordinal)
    {
        ["weight"] = static (row, value) => row.Weight = value is < 0 ? 0 : value,
        ["priority"] = static (row, value) => row.Priority = value,
        ["auto_ban"] = static (row, value) => row.AutoBan = value,
    };

    public static Text? Apply(JsonElement channel, ChannelRow row)
    {
        foreach (var member in channel.EnumerateObject())
        {
            var (name, value) = (member.Name, member.Value);
            if (Plain.TryGetValue(name, out var plain))
            {
                if (!TryText(value, out var text))
                {
                    return Say.ChannelField.Fill(name);
                }
                if (!string.IsNullOrEmpty(text))
                {
                    plain(row, text);
                }
            }
            else if (Nullable.TryGetValue(name, out var nullable))
            {
                if (!TryText(value, out var text))
                {
                    return Say.ChannelField.Fill(name);
                }
                // The reference can not tell null from absent, and clients send whole objects.
                if (text is not null)
                {
                    nullable(row, text);
                }
            }
            else if (PlainNumbers.TryGetValue(name, out var number))
            {
                if (!TryNumber(value, out var figure))
                {
                    return Say.ChannelField.Fill(name);
                }
                if (figure is not (null or 0))
                {
                    number(row, figure.Value);
                }
            }
            else if (NullableNumbers.TryGetValue(name, out var optional))
            {
                if (!TryNumber(value, out var figure))
                {
                    return Say.ChannelField.Fill(name);
                }
                if (figure is not null)
                {
                    optional(row, figure);
                }
            }
        }
        return null;
    }

    /// <summary>Text as it is; an object where the column holds JSON text is taken as that text.</summary>
    private static bool TryText(JsonElement value, out string? text)
    {
        text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Object or JsonValueKind.Array => value.GetRawText(),
            _ => null,
        };
        return text is not null || value.ValueKind == JsonValueKind.Null;
    }

    private static bool TryNumber(JsonElement value, out long? number)
    {
        number = value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetInt64(out var whole) => whole,
            JsonValueKind.String when long.TryParse(value.GetString(), out var whole) => whole,
            _ => null,
        };
        return number is not null || value.ValueKind == JsonValueKind.Null;
    }
}
