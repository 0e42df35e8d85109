using System.Runtime.CompilerServices;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Conformance;

/// <summary>
/// Files of one feature each: what a caller asks or an upstream answers in one dialect, and beside it, <c>.expected</c>, what becomes of it
/// in every dialect. Set <c>WRITE_GOLDEN=1</c> to write the expectations anew; then read the difference as a reviewer would.
/// </summary>
internal sealed record Input(Feature Feature, Leg Leg, Dialect Dialect)
{
    private static readonly (Dialect Dialect, string Word)[] Words =
    [
        (Dialect.OpenAIChat, "chat"),
        (Dialect.AnthropicMessages, "messages"),
        (Dialect.OpenAIResponses, "responses"),
        (Dialect.GeminiContent, "gemini"),
    ];

    public static IEnumerable<Dialect> Dialects => Words.Select(word => word.Dialect).Where(Translations.Dialects.Contains);

    public static bool IsWriting => Environment.GetEnvironmentVariable("WRITE_GOLDEN") == "1";

    private string Name => Leg switch
    {
        Leg.Request => $"request.{Word(Dialect)}.json",
        Leg.Answer => $"answer.{Word(Dialect)}.json",
        _ => $"stream.{Word(Dialect)}.sse",
    };

    private string File => Path.Combine(AppContext.BaseDirectory, "Conformance", "Features", Feature.Folder, Name);

    public byte[] Bytes => System.IO.File.ReadAllBytes(File);

    public static string Word(Dialect dialect) => Words.First(word => word.Dialect == dialect).Word;

    public static Dialect DialectOf(string word) => Words.First(pair => pair.Word == word).Dialect;

    /// <summary>The inputs that there are: a dialect without a word for the feature has none.</summary>
    public static IEnumerable<Input> All(Leg leg) =>
        from feature in leg == Leg.Request ? Features.Requests : Features.Answers
        from dialect in Dialects
        let input = new Input(feature, leg, dialect)
        where System.IO.File.Exists(input.File)
        select input;

    /// <summary>What is expected for one target.</summary>
    public string Expected(Dialect target)
    {
        var sections = System.IO.File.ReadAllText(File + ".expected");
        var begin = sections.IndexOf(Heading(target), StringComparison.Ordinal);
        Assert.True(begin >= 0, $"{Feature.Folder}/{Name}.expected says nothing about {Word(target)}.");
        begin += Heading(target).Length;
        var end = sections.IndexOf("=== ", begin, StringComparison.Ordinal);
        return end < 0 ? sections[begin..] : sections[begin..end];
    }

    public void Write(Func<Dialect, string> text)
    {
        if (Feature.Inputs is null)
        {
            var path = Path.Combine(SourceFolder(), "Features", Feature.Folder, Name + ".expected");
            System.IO.File.WriteAllText(path, string.Concat(Dialects.Select(target => Heading(target) + text(target))));
        }
    }

    public static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static string Heading(Dialect target) => $"=== {Word(target)}\n";
}
