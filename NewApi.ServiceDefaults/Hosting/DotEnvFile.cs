using System.Text;

namespace NewApi.ServiceDefaults.Hosting;

/// <summary>
/// Reads a <c>.env</c> file: <c>NAME=value</c> or <c>NAME: value</c> lines, an optional <c>export</c>, <c>#</c> comments, single quotes
/// (taken literally) and double quotes (with <c>\n</c>, <c>\"</c>…), both of which may run over several lines.
/// </summary>
internal static class DotEnvFile
{
    /// <summary>Sets every variable of the file that the environment does not have yet; a missing file is not an error.</summary>
    /// <returns>A sentence for each line that cannot be read.</returns>
    public static IReadOnlyList<string> Load(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        var mistakes = new List<string>();
        foreach (var (name, value) in Parse(File.ReadAllText(path), mistakes))
        {
            if (Environment.GetEnvironmentVariable(name) is null)
            {
                Environment.SetEnvironmentVariable(name, value);
            }
        }

        return mistakes;
    }

    /// <summary>The variables in their order; of two with the same name the first counts.</summary>
    internal static List<KeyValuePair<string, string>> Parse(string text, List<string> mistakes)
    {
        var variables = new List<KeyValuePair<string, string>>();
        var at = 0;
        var line = 1;
        while (at < text.Length)
        {
            var start = line;
            var end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end;
            var content = text.AsSpan(at, end - at);
            var trimmed = content.Trim();
            if (trimmed.IsEmpty || trimmed[0] == '#')
            {
                at = end + 1;
                line++;
                continue;
            }

            if (trimmed.StartsWith("export ", StringComparison.Ordinal))
            {
                trimmed = trimmed[7..];
            }

            var split = trimmed.IndexOfAny('=', ':');
            var name = split < 0 ? default : trimmed[..split].Trim();
            if (name.IsEmpty || name.ContainsAny(' ', '\t', '"'))
            {
                mistakes.Add($".env line {start} is not NAME=value");
                at = end + 1;
                line++;
                continue;
            }

            // The value may leave this line when it is quoted, so it is read from the text itself.
            var from = at + content.IndexOfAny('=', ':') + 1;
            while (from < end && text[from] is ' ' or '\t')
            {
                from++;
            }

            string? value;
            if (from < end && text[from] is '"' or '\'')
            {
                value = Quoted(text, ref from);
                if (value is null)
                {
                    mistakes.Add($".env line {start} opens a quote that is never closed");
                    break;
                }

                end = text.IndexOf('\n', from);
                end = end < 0 ? text.Length : end;
            }
            else
            {
                value = Plain(text.AsSpan(from, end - from));
            }

            variables.Add(new(name.ToString(), value));
            line += text.AsSpan(at, Math.Min(end + 1, text.Length) - at).Count('\n');
            at = end + 1;
        }

        return variables;
    }

    private static string Plain(ReadOnlySpan<char> rest)
    {
        // A # only opens a comment after a blank: passwords and URLs may contain it.
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '#' && (i == 0 || rest[i - 1] is ' ' or '\t'))
            {
                rest = rest[..i];
                break;
            }
        }

        return rest.Trim().ToString();
    }

    private static string? Quoted(string text, ref int at)
    {
        var quote = text[at++];
        var value = new StringBuilder();
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (c == quote)
            {
                at++;
                return value.ToString();
            }

            if (c == '\\' && quote == '"' && at + 1 < text.Length)
            {
                c = text[++at] switch
                {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    var other => other,
                };
            }

            value.Append(c);
        }

        return null;
    }
}
