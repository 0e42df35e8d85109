using NewApi.Data.Rows;

namespace NewApi.Data.Channels;

/// <summary>Which model a test of a channel asks (specification: jobs §5).</summary>
public static class TestModel
{
    private const string Default = "gpt-4o-mini";

    /// <summary>The asked one, else the channel's own for tests, else the first that it serves; as callers name it.</summary>
    public static string Of(ChannelRow row, string asked = "")
    {
        ArgumentNullException.ThrowIfNull(row);
        return FirstOf(asked, row.TestModel, row.Models.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault()) ?? Default;
    }

    private static string? FirstOf(params ReadOnlySpan<string?> names)
    {
        foreach (var name in names)
        {
            if (!string.IsNullOrWhiteSpace(name))
            {
                return name.Trim();
            }
        }
        return null;
    }
}
