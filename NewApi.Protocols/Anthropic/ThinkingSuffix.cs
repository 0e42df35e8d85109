using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace NewApi.Protocols.Anthropic;

/// <summary>
/// Names such as <c>claude-sonnet-4-5-thinking</c> and <c>claude-opus-4-7-xhigh</c> ask a Claude model to think (specification: relay §4.3,
/// §5.2). The upstream gets the name without the suffix, and the wish in words that the model takes. Whoever says in the request itself
/// how to think has the last word: then only the suffix goes.
/// </summary>
public static class ThinkingSuffix
{
    private const string Thinking = "-thinking";
    private const long LeastMaxTokens = 1280;
    private const long LeastBudget = 1024;

    private static readonly string[] Efforts = ["max", "xhigh", "high", "medium", "low", "minimal"];

    /// <summary>The upstream's name of the model: without a suffix, where it has one.</summary>
    public static string Strip(string model) => Read(model, out _, out _) is { } name ? name : model;

    /// <summary>Applies the suffix to a body of Anthropic messages; false when the model has none, and nothing was written.</summary>
    /// <param name="body">The caller's body, a JSON object.</param>
    /// <param name="model">Name of the model with its suffix.</param>
    /// <param name="defaultMaxTokens">Bound on the output when the caller gave none.</param>
    /// <param name="share">How much of the bound a budget may take.</param>
    /// <param name="output">Receives the body to send, with the name of the model stripped.</param>
    public static bool TryWrite(ReadOnlySpan<byte> body, string model, long defaultMaxTokens, decimal share, IBufferWriter<byte> output)
    {
        if (Read(model, out var claude, out var effort) is not { } name)
        {
            return false;
        }

        if (SaysHow(body, out var most))
        {
            Rename(body, name, output);
            return true;
        }

        var adaptive = effort is not null || claude.AdaptiveOnly;
        most = most > 0 ? most : defaultMaxTokens;
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("model"u8, name);
        json.WriteNumber("max_tokens"u8, adaptive ? most : Math.Max(most, LeastMaxTokens));
        ReadOnlySpan<byte> config = default;
        var members = new RawMembers(body);
        while (members.Next())
        {
            if (members.Name.SequenceEqual("output_config"u8))
            {
                config = members.Value;
            }
            else if (!(members.Name.SequenceEqual("model"u8) || members.Name.SequenceEqual("max_tokens"u8)
                || members.Name.SequenceEqual("thinking"u8) || members.Name.SequenceEqual("temperature"u8)
                || members.Name.SequenceEqual("top_p"u8) || members.Name.SequenceEqual("top_k"u8)))
            {
                members.Copy(json);
            }
        }

        if (!claude.AdaptiveOnly)
        {
            json.WriteNumber("temperature"u8, 1);
        }

        json.WriteStartObject("thinking"u8);
        json.WriteString("type"u8, adaptive ? "adaptive"u8 : "enabled"u8);
        if (claude.AdaptiveOnly)
        {
            json.WriteString("display"u8, "summarized"u8);
        }
        else if (!adaptive)
        {
            json.WriteNumber("budget_tokens"u8, BudgetOf(Math.Max(most, LeastMaxTokens), share));
        }

        json.WriteEndObject();
        WriteConfig(json, config, adaptive ? claude.Effort(effort ?? "high") : null);
        json.WriteEndObject();
        return true;
    }

    private static long BudgetOf(long maxTokens, decimal share) => Math.Clamp((long)(maxTokens * share), LeastBudget, maxTokens - 1);

    /// <summary>The name without its suffix; null when it has none.</summary>
    private static string? Read(string model, out ClaudeModel claude, out string? effort)
    {
        claude = default;
        effort = null;
        var dash = model.LastIndexOf('-');
        if (dash < 0 || !model.Contains("claude", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var tail = model[(dash + 1)..];
        var name = model[..dash];
        claude = ClaudeModel.Of(name);
        if (model.EndsWith(Thinking, StringComparison.Ordinal))
        {
            return name;
        }

        if (!claude.Adaptive || !Efforts.Contains(tail))
        {
            return null;
        }

        effort = tail;
        return name;
    }

    private static void Rename(ReadOnlySpan<byte> body, string name, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("model"u8, name);
        var members = new RawMembers(body);
        while (members.Next())
        {
            if (!members.Name.SequenceEqual("model"u8))
            {
                members.Copy(json);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>Whether the body itself says how to think.</summary>
    private static bool SaysHow(ReadOnlySpan<byte> body, out long maxTokens)
    {
        maxTokens = 0;
        var members = new RawMembers(body);
        while (members.Next())
        {
            if (members.Name.SequenceEqual("thinking"u8) && !members.Value.SequenceEqual("null"u8))
            {
                return true;
            }

            if (members.Name.SequenceEqual("max_tokens"u8)
                && decimal.TryParse(Encoding.UTF8.GetString(members.Value), NumberStyles.Float, CultureInfo.InvariantCulture, out var most)
                && most is > 0 and < int.MaxValue)
            {
                maxTokens = (long)most;
            }
        }

        return false;
    }

    private static void WriteConfig(Utf8JsonWriter json, ReadOnlySpan<byte> config, string? effort)
    {
        var isObject = !config.IsEmpty && config[0] == (byte)'{';
        if (!isObject && effort is null)
        {
            return;
        }

        json.WriteStartObject("output_config"u8);
        if (effort is not null)
        {
            json.WriteString("effort"u8, effort);
        }

        if (isObject)
        {
            var members = new RawMembers(config);
            while (members.Next())
            {
                if (effort is null || !members.Name.SequenceEqual("effort"u8))
                {
                    members.Copy(json);
                }
            }
        }

        json.WriteEndObject();
    }
}
