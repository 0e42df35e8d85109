using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace NewApi.Domain.Pricing.Expressions;

/// <summary>
/// A price that is written as a formula (specification: billing §4.11): what a call costs, in US dollars per million times tokens. The
/// language is small and safe: decimals only, no loops, no names but those it is given, bounded in length and depth.
/// </summary>
public sealed class PriceExpression
{
    /// <summary>Longest text of an expression.</summary>
    public const int MostCharacters = 8192;

    /// <summary>Tokens that a price in an expression is for.</summary>
    internal const decimal TokensPerPrice = 1_000_000m;

    private const int RememberedPrograms = 1000;
    private const string Version = "v1:";

    private static ConcurrentDictionary<string, PriceExpression> _known = new(StringComparer.Ordinal);

    private readonly Node _root;
    private readonly int _variables;

    private PriceExpression(string text, Node root, ExpressionParser parsed)
    {
        Text = text;
        Encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        _root = root;
        _variables = parsed.Variables;
        Params = parsed.Params;
        Headers = parsed.Headers;
        UsesFacts = parsed.UsesFacts;
    }

    public string Text { get; }

    /// <summary>The text in Base64, as the usage log keeps it.</summary>
    public string Encoded { get; }

    /// <summary>The expression reads facts of a task and gives US dollars, not dollars per million.</summary>
    public bool UsesFacts { get; }


    internal IReadOnlyList<string> Params { get; }

    internal IReadOnlyList<string> Headers { get; }

    /// <summary>Compiles a text, or says what is wrong with it and where. The same text is compiled once.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PriceExpression? expression, [NotNullWhen(false)] out ExpressionError? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        error = null;
        if (_known.TryGetValue(text, out expression))
        {
            return true;
        }
        try
        {
            expression = Compile(text);
        }
        catch (ExpressionException problem)
        {
            error = new ExpressionError(problem.Position, problem.Message);
            return false;
        }
        if (_known.Count >= RememberedPrograms)
        {
            _known = new ConcurrentDictionary<string, PriceExpression>(StringComparer.Ordinal);
        }
        _known[text] = expression;
        return true;
    }

    /// <summary>
    /// Tries the formula on samples of usage, without a request to look into: it must give a price for each, and none below zero.
    /// Returns what is wrong, or null.
    /// </summary>
    public string? Try()
    {
        var facts = UsesFacts ? new Dictionary<string, decimal>() : null;
        foreach (var sample in ExpressionSamples.Usages)
        {
            foreach (var images in ExpressionSamples.Images)
            {
                if (!TryEvaluate(new Counts(sample), images, null, facts, out _, out _, out var problem))
                {
                    return problem;
                }
            }
        }
        return null;
    }

    internal bool Names(ExpressionVariable variable) => (_variables & (1 << (int)variable)) != 0;

    /// <summary>
    /// US dollars for the counts. False when the formula has no answer for them, or one that is no price: a division by zero, a member
    /// of the request that is not a number, a negative amount.
    /// </summary>
    internal bool TryEvaluate(
        in Counts counts,
        int images,
        PricedRequest? request,
        IReadOnlyDictionary<string, decimal>? facts,
        out decimal dollars,
        out string? tier,
        [NotNullWhen(false)] out string? problem)
    {
        var run = new Evaluation { Request = request?.For(this), Facts = facts };
        Fill(ref run, counts, images);
        dollars = 0;
        tier = null;
        problem = null;
        try
        {
            dollars = _root.Number(ref run);
            tier = run.Tier;
        }
        catch (EvaluationException error)
        {
            problem = error.Message;
            return false;
        }
        catch (DivideByZeroException)
        {
            problem = "the formula divides by zero";
            return false;
        }
        catch (OverflowException)
        {
            problem = "the formula gives a number that is too large";
            return false;
        }
        if (dollars < 0)
        {
            problem = "the formula gives a negative price";
            return false;
        }
        dollars = UsesFacts ? dollars : dollars / TokensPerPrice;
        return true;
    }

    /// <summary>
    /// Where an input total includes its parts, a part is taken out of the total exactly when the expression prices it by itself. Where it
    /// excludes the cache, what the expression does not price by itself is put in. So nothing is charged twice and nothing is for free.
    /// </summary>
    private void Fill(ref Evaluation run, in Counts counts, int images)
    {
        var hourly = Names(ExpressionVariable.CacheWrite1h);
        var written = hourly ? counts.CacheWrite - counts.CacheWrite1h : counts.CacheWrite;
        var prompt = (decimal)counts.Input;
        if (counts.IncludesCache)
        {
            prompt -= Named(ExpressionVariable.CacheRead, counts.CacheRead)
                + Named(ExpressionVariable.CacheWrite, written)
                + Named(ExpressionVariable.CacheWrite1h, counts.CacheWrite1h)
                + Named(ExpressionVariable.ImageInput, counts.ImageInput)
                + Named(ExpressionVariable.AudioInput, counts.AudioInput);
        }
        else
        {
            prompt += counts.CacheRead - Named(ExpressionVariable.CacheRead, counts.CacheRead)
                + written - Named(ExpressionVariable.CacheWrite, written);
        }
        var completion = counts.Output
            - Named(ExpressionVariable.ImageOutput, counts.ImageOutput)
            - Named(ExpressionVariable.AudioOutput, counts.AudioOutput);
        run[ExpressionVariable.Prompt] = Math.Max(prompt, 0);
        run[ExpressionVariable.Completion] = Math.Max(completion, 0);
        run[ExpressionVariable.Length] = counts.Input + (counts.IncludesCache ? 0 : counts.CacheRead + counts.CacheWrite);
        run[ExpressionVariable.CacheRead] = counts.CacheRead;
        run[ExpressionVariable.CacheWrite] = written;
        run[ExpressionVariable.CacheWrite1h] = counts.CacheWrite1h;
        run[ExpressionVariable.ImageInput] = counts.ImageInput;
        run[ExpressionVariable.ImageOutput] = counts.ImageOutput;
        run[ExpressionVariable.AudioInput] = counts.AudioInput;
        run[ExpressionVariable.AudioOutput] = counts.AudioOutput;
        run[ExpressionVariable.ImageCount] = images == 0 ? 1 : images;
    }

    private decimal Named(ExpressionVariable variable, long count) => Names(variable) ? count : 0;

    private static PriceExpression Compile(string text)
    {
        if (text.Length > MostCharacters)
        {
            throw new ExpressionException(MostCharacters, $"an expression has at most {MostCharacters} characters");
        }
        var start = text.StartsWith(Version, StringComparison.Ordinal) ? Version.Length : 0;
        if (start == 0 && text.Length > 2 && text[0] == 'v' && char.IsAsciiDigit(text[1]) && text.Contains(':', StringComparison.Ordinal)
            && text.AsSpan(1, text.IndexOf(':', StringComparison.Ordinal) - 1).IndexOfAnyExceptInRange('0', '9') < 0)
        {
            throw new ExpressionException(0, "this version of the language is not known");
        }
        var parser = new ExpressionParser(text, start);
        var root = parser.Parse();
        return new PriceExpression(text, root, parser);
    }
}
