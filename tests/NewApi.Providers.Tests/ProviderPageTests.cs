using NewApi.Domain;

namespace NewApi.Providers.Tests;

/// <summary>docs/providers.md says of every provider what the registry says.</summary>
public sealed class ProviderPageTests
{
    private static readonly string[] Names =
    [
        "chat", "completions", "embeddings", "responses", "compact", "legacy edits", "search", "moderations", "images", "edits", "speech",
        "transcriptions", "translations", "realtime", "rerank", "messages", "count tokens", "gemini", "gemini embeddings", "gemini actions",
    ];

    [Fact]
    public void The_page_lists_every_provider_and_what_it_speaks()
    {
        var page = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "providers.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(line[2]))
            .Select(line => line.Split(" | "))
            .Select(cells => $"{cells[0].Trim('|', ' ')} {cells[1]}: {cells[2].TrimEnd(' ', '|')}");

        var known = ProviderRegistry.All.OrderBy(profile => profile.ChannelType)
            .Select(profile => $"{profile.ChannelType} {profile.Name}: {Speaks(profile)}{(profile is { Tasks: not null, Paths.Count: > 0 } ? ", videos" : "")}");

        Assert.Equal(known, page);
    }

    private static string Speaks(ProviderProfile profile)
    {
        var spoken = profile.Paths.Keys.Order().ToList();
        if (spoken.Count == 0)
        {
            return profile.Adapter is null ? "tasks" : "by its routes";
        }
        var openAI = ProviderProfile.OpenAIPaths.Keys.Order().ToList();
        return spoken.SequenceEqual(openAI) ? "everything of OpenAI"
            : spoken.SequenceEqual(openAI.Where(dialect => dialect != Dialect.Rerank)) ? "everything of OpenAI but rerank"
            : string.Join(", ", spoken.Select(dialect => Names[(int)dialect]));
    }
}
