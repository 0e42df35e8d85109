namespace NewApi.ServiceDefaults.Hosting;

/// <summary>The flags of a gateway process, each with one dash or two, as <c>--name value</c> or <c>--name=value</c>.</summary>
internal sealed record CommandLine
{
    public string? Port { get; private init; }

    /// <summary><c>null</c> when not given; empty when file logging is to be off.</summary>
    public string? LogDirectory { get; private init; }

    public bool Version { get; private init; }

    public bool Help { get; private init; }

    public IReadOnlyList<string> Mistakes { get; private init; } = [];

    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var line = new CommandLine();
        var mistakes = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var name = argument.TrimStart('-');
            if (name.Length == argument.Length || argument.Length - name.Length > 2)
            {
                mistakes.Add($"{argument} is not a flag; --help lists them");
                continue;
            }

            string? value = null;
            if (name.IndexOf('=', StringComparison.Ordinal) is var split and >= 0)
            {
                (name, value) = (name[..split], name[(split + 1)..]);
            }

            switch (name)
            {
                case "port" or "log-dir":
                    value ??= i + 1 < arguments.Count ? arguments[++i] : null;
                    if (value is null)
                    {
                        mistakes.Add($"--{name} needs a value");
                        break;
                    }

                    line = name is "port" ? line with { Port = value } : line with { LogDirectory = value };
                    break;
                case "version":
                    line = line with { Version = value is null or "true" or "1" };
                    break;
                case "help" or "h":
                    line = line with { Help = value is null or "true" or "1" };
                    break;
                default:
                    mistakes.Add($"--{name} is not a flag; --help lists them");
                    break;
            }
        }

        return line with { Mistakes = mistakes };
    }

    public static string Usage(string program, int port) => $"""
        Usage: {program} [flags]
               {program} audit    compare ledger, balances and usage log, then end: 0 when they agree, 2 when not (Standalone only)

          --port <number>      port to listen on (default {port}; the variable PORT wins)
          --log-dir <folder>   folder of the log files (default ./logs; "" writes none; LOG_DIR says the same)
          --version            print the version and end
          --help               print this text and end

        Everything else is an environment variable, or a line of a .env file in the working directory: docs/configuration.md.
        """;
}
