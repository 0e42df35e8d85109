using NewApi.Domain.Tokens;

namespace NewApi.RelayService.Metering;

/// <summary>
/// Adds up the tokens of one prompt, part by part (specification: billing §9). Without a counter everything is estimated, which is what
/// a hold wants; with one, models of the OpenAI family are counted exactly within the budget of <see cref="TokenCounter"/>.
/// </summary>
internal struct PromptTally(string model, TokenCounter? counter = null)
{
    private const int PerMessage = 3;
    private const int PerName = 3;
    private const int PerTool = 8;
    private const int PerToolCall = 7;
    private const int ReplyStart = 3;

    private readonly bool _knownImages = TokenCounter.HasTokenizer(model) || model.StartsWith("glm-4", StringComparison.Ordinal)
        || model.StartsWith("computer-use", StringComparison.Ordinal);

    private TokenEstimate _estimate = TokenEstimate.For(model);
    private long _counted;
    private int _budget = TokenCounter.TokenizedBytes;

    public readonly long Total => _counted + _estimate.Total;

    /// <summary>Content, instructions, a tool's definition. Parts that follow each other may split a text anywhere when it is estimated.</summary>
    public void Text(ReadOnlySpan<byte> utf8)
    {
        if (counter is null || !TokenCounter.HasTokenizer(model))
        {
            _estimate.Add(utf8);
        }
        else
        {
            _counted += counter.Count(model, utf8, ref _budget);
        }
    }

    public void Message() => _counted += PerMessage;

    /// <summary>A participant's name.</summary>
    public void Name() => _counted += PerName;

    /// <summary>A tool on offer, besides the text of its definition.</summary>
    public void Tool() => _counted += PerTool;

    /// <summary>A call that the model made, besides the text of its name and arguments.</summary>
    public void ToolCall() => _counted += PerToolCall;

    /// <summary>What a chat adds so that the model begins to answer.</summary>
    public void Reply() => _counted += ReplyStart;

    /// <summary>An image; zero for a size that is not known.</summary>
    public void Image(int width, int height, bool lowDetail) =>
        _counted += _knownImages ? ImageTokens.Count(model, width, height, lowDetail) : ImageTokens.OtherFamily;

    /// <summary>Sound, film or a document: <see cref="ImageTokens.Audio"/>, <see cref="ImageTokens.Video"/> or <see cref="ImageTokens.File"/>.</summary>
    public void File(long tokens) => _counted += tokens;
}
