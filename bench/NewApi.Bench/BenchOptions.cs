namespace NewApi.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed class BenchOptions
{
    public const string Help =
        """
        bench/run [--quick] [--dialects] [--rounds N] [--streams N] [--targets a,b] [--only x,y] [--env target:NAME=VALUE] [--out FILE]

          --quick      one round of short measures: is everything alive, is anything far off
          --dialects   what translations cost, and nothing else: every dialect of chats on a channel of every other
          --rounds     how often each measure is repeated, targets taking turns (3)
          --streams    streams held open for the memory measure (1000; 10000 needs 32,000 file descriptors)
          --targets    of direct, nginx, yarp, newapi; direct always runs
          --only       of chat, rate, prompt, paced, full, billed, unbilled, embeddings, start, memory, flat
          --env        an environment variable for one target, to try a setting
          --out        where the JSON goes (bench/results/<date>.json)
        """;

    private readonly List<(string Target, string Name, string Value)> _environment = [];

    public bool Quick { get; private set; }

    /// <summary>Only translations are measured, on NewApi alone.</summary>
    public bool Dialects { get; private set; }

    public int Rounds { get; private set; } = 3;

    public int Streams { get; private set; } = 1000;

    public IReadOnlySet<string>? Targets { get; private set; }

    public IReadOnlySet<string>? Only { get; private set; }

    public string? Output { get; private set; }

    public static BenchOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            string Next() => ++i < arguments.Count ? arguments[i] : throw new BenchException($"{arguments[i - 1]} needs a value.\n{Help}");
            switch (arguments[i])
            {
                case "--quick":
                    options.Quick = true;
                    options.Rounds = 1;
                    break;
                case "--dialects":
                    options.Dialects = true;
                    break;
                case "--rounds":
                    options.Rounds = Number(Next(), 1, 20);
                    break;
                case "--streams":
                    options.Streams = Number(Next(), 10, 12_000);
                    break;
                case "--targets":
                    options.Targets = Next().Split(',').ToHashSet();
                    break;
                case "--only":
                    options.Only = Next().Split(',').ToHashSet();
                    break;
                case "--env":
                    options._environment.Add(Variable(Next()));
                    break;
                case "--out":
                    options.Output = Next();
                    break;
                default:
                    throw new BenchException(Help);
            }
        }
        return options;
    }

    public bool Wants(string measure) => Only?.Contains(measure) ?? true;

    public IEnumerable<KeyValuePair<string, string>> EnvironmentFor(string target) =>
        _environment.Where(item => item.Target == target).Select(item => KeyValuePair.Create(item.Name, item.Value));

    public override string ToString() =>
        $"rounds {Rounds}, streams {Streams}{(Quick ? ", quick" : "")}{(Dialects ? ", dialects" : "")}"
        + string.Concat(_environment.Select(item => $", {item.Target} with {item.Name}={item.Value}"));

    private static int Number(string text, int min, int max) =>
        int.TryParse(text, out var value) && value >= min && value <= max
            ? value
            : throw new BenchException($"'{text}' is not a number from {min} to {max}.");

    private static (string Target, string Name, string Value) Variable(string text) =>
        text.Split([':', '='], 3) is [var target, var name, var value]
            ? (target, name, value)
            : throw new BenchException($"'{text}' is not target:NAME=VALUE.");
}
