namespace NewApi.Protocols.Anthropic;

/// <summary>
/// What a Claude model's name says of what it takes: <c>claude-opus-4-7</c>, <c>claude-3-5-sonnet-20241022</c>,
/// <c>us.anthropic.claude-sonnet-4-6-v1:0</c>, <c>anthropic/claude-opus-4.7</c>. Names that are no Claude's, and Claudes without a
/// version, take everything that the dialect has.
/// </summary>
public readonly record struct ClaudeModel(string Family, int Major, int Minor)
{
    private static readonly string[] Families = ["opus", "sonnet", "haiku"];

    private bool Known => Major > 0;

    /// <summary>Refuses budgets and sampling: thinking is adaptive or off.</summary>
    public bool AdaptiveOnly => Known && (AtLeast(5, 0) || (Family == "opus" && AtLeast(4, 7)));

    /// <summary>Knows adaptive thinking and efforts.</summary>
    public bool Adaptive => Known && (AdaptiveOnly || (Family is "opus" or "sonnet" && AtLeast(4, 6)));

    /// <summary>Knows <c>output_config.format</c>.</summary>
    public bool Formats => !Known || AtLeast(4, 5) || (Family == "opus" && AtLeast(4, 1));

    /// <summary>Refuses a temperature and a top_p at once.</summary>
    public bool OneSampling => Known && (AtLeast(4, 5) || (Family == "opus" && AtLeast(4, 1)));

    public static ClaudeModel Of(string model)
    {
        var at = model.IndexOf("claude", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return default;
        }

        var family = "";
        int major = 0, minor = 0;
        foreach (var word in model[(at + "claude".Length)..].Split('-', '.', ':', '@', '_'))
        {
            if (Array.Exists(Families, known => known.Equals(word, StringComparison.OrdinalIgnoreCase)))
            {
                family = word.ToLowerInvariant();
            }
            else if (word.Length is 1 or 2 && int.TryParse(word, out var number))
            {
                // A date has eight digits, the revision of Bedrock a letter before it.
                if (major == 0)
                {
                    major = number;
                }
                else if (minor == 0)
                {
                    minor = number;
                }
            }
            else if (word.Length > 2 && major > 0)
            {
                break;
            }
        }

        return new ClaudeModel(family, major, minor);
    }

    /// <summary>An effort in words that the model takes.</summary>
    public string Effort(string effort) => effort switch
    {
        "none" or "minimal" => "low",
        "xhigh" when Known && !AdaptiveOnly => "high",
        _ => effort,
    };

    private bool AtLeast(int major, int minor) => Major > major || (Major == major && Minor >= minor);
}
