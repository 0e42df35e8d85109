using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Providers.Tests;

/// <summary>
/// One exchange with a provider, as anyone can read it: what the caller sent, what the upstream must receive, what it replied, and what the
/// caller's side must see of that. A file of sections: <c>### call</c>, <c>### channel</c>, any number of <c>### request</c> and
/// <c>### reply</c> (or <c>### socket</c>), then <c>### answer</c> and <c>### facts</c>. Set <c>WRITE_GOLDEN=1</c> to write requests, answer
/// and facts anew; then read the difference as a reviewer would.
/// </summary>
internal sealed class Fixture
{
    private const string Mark = "### ";

    private readonly string _path;
    private readonly List<Section> _sections;

    private Fixture(string path, List<Section> sections)
    {
        _path = path;
        _sections = sections;
        var call = Of("call");
        var words = call.Title.Split(' ');
        Dialect = Enum.Parse<Dialect>(words[1]);
        Model = words[2];
        Stream = words.Contains("stream");
        Action = words.FirstOrDefault(word => word.StartsWith("action=", StringComparison.Ordinal))?[7..];
        Body = call.Text;
        Channel = JsonElement.Parse(Of("channel").Text);
    }

    public Dialect Dialect { get; }

    public string Model { get; }

    public bool Stream { get; }

    public string? Action { get; }

    public string Body { get; }

    /// <summary>key, base_url, other, settings, created; the operator's <c>model_headers</c>; and the caller's <c>headers</c> and <c>query</c>.</summary>
    public JsonElement Channel { get; }

    public IEnumerable<Section> Replies => _sections.Where(section => section.Kind is "reply" or "socket");

    public static string Root => System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures");

    public static Fixture Load(string path)
    {
        var sections = new List<Section>();
        var text = new StringBuilder();
        string? title = null;
        foreach (var line in File.ReadAllText(System.IO.Path.Combine(Root, path)).Split('\n'))
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal))
            {
                Add();
                title = line[Mark.Length..];
            }
            else
            {
                text.Append(line).Append('\n');
            }
        }
        Add();
        return new Fixture(path, sections);

        void Add()
        {
            if (title is not null)
            {
                sections.Add(new Section(title, text.ToString().TrimEnd('\n')));
            }
            text.Clear();
        }
    }

    /// <summary>Compares what happened with what the file says, or writes it there.</summary>
    public void AssertHappened(IReadOnlyList<string> requests, string answer, string facts)
    {
        var happened = new StringBuilder();
        happened.Append(Mark).Append(Of("call").Title).Append('\n').Append(Body).Append("\n\n");
        happened.Append(Mark).Append("channel\n").Append(Of("channel").Text).Append("\n\n");
        var replies = Replies.ToList();
        for (var i = 0; i < Math.Max(requests.Count, replies.Count); i++)
        {
            if (i < requests.Count)
            {
                happened.Append(Mark).Append("request\n").Append(requests[i].TrimEnd('\n')).Append("\n\n");
            }
            if (i < replies.Count)
            {
                happened.Append(Mark).Append(replies[i].Title).Append('\n').Append(replies[i].Text).Append("\n\n");
            }
        }
        happened.Append(Mark).Append("answer\n").Append(answer.TrimEnd('\n')).Append("\n\n");
        happened.Append(Mark).Append("facts\n").Append(facts.TrimEnd('\n')).Append('\n');
        if (Environment.GetEnvironmentVariable("WRITE_GOLDEN") == "1")
        {
            File.WriteAllText(System.IO.Path.Combine(SourceFolder(), "Fixtures", _path), happened.ToString());
            return;
        }
        Assert.Equal(File.ReadAllText(System.IO.Path.Combine(Root, _path)), happened.ToString());
    }

    private Section Of(string kind) => _sections.Find(section => section.Kind == kind) ?? throw new InvalidDataException($"{_path} has no {kind}.");

    private static string SourceFolder([CallerFilePath] string file = "") => System.IO.Path.GetDirectoryName(file)!;

    public sealed record Section(string Title, string Text)
    {
        public string Kind => Title.Split(' ')[0];
    }
}
