using System.Security.Cryptography;
using System.Text;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>
/// Responses groups tools into namespaces, as Codex does with every MCP server. Elsewhere a tool has one name, and it has to be unique: the
/// tool <c>get_me</c> of <c>mcp__github</c> is offered as <c>mcp__github__get_me</c>, in letters and at a length that every upstream takes.
/// A name depends on nothing but the request, so that the next turn is still the prompt that the upstream has in its cache.
/// </summary>
/// <param name="offered">What stands for which tool; grows with every name that is given.</param>
internal sealed class ToolNames(Dictionary<string, QualifiedName> offered)
{
    private const int Longest = 64;

    private readonly HashSet<string> _alone = [];

    /// <summary>A tool outside of namespaces keeps its name, whatever the others would like to be called.</summary>
    public void Keep(string name) => _alone.Add(name);

    public string Of(QualifiedName tool)
    {
        var name = Join(tool);
        for (var round = 0; name.Length > Longest || !IsFree(name, tool); round++)
        {
            var mark = SHA256.HashData(Encoding.UTF8.GetBytes($"{tool.Namespace}\n{tool.Name}\n{round}")).AsSpan(0, 4);
            name = $"{name.AsSpan(0, Math.Min(name.Length, Longest - 9))}_{Convert.ToHexStringLower(mark)}";
        }

        offered[name] = tool;
        return name;
    }

    private bool IsFree(string name, QualifiedName tool) =>
        !_alone.Contains(name) && (!offered.TryGetValue(name, out var other) || other == tool);

    private static string Join(QualifiedName tool)
    {
        var name = new StringBuilder($"{tool.Namespace.TrimEnd('_')}__{tool.Name}");
        for (var at = 0; at < name.Length; at++)
        {
            if (!char.IsAsciiLetterOrDigit(name[at]) && name[at] is not ('_' or '-'))
            {
                name[at] = '_';
            }
        }

        // Gemini's begin with a letter or an underscore.
        return char.IsAsciiLetter(name[0]) || name[0] == '_' ? name.ToString() : $"_{name}";
    }
}
