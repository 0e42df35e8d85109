using NewApi.Domain;
using NewApi.Providers.Tasks;

namespace NewApi.RelayService.Tasks;

/// <summary>How callers write an order and read its receipt (specification: relay §1.5).</summary>
/// <param name="Dialect">Which services take it.</param>
internal sealed record TaskSurface(Dialect Dialect)
{
    /// <summary><c>/v1/videos</c> and <c>/v1/video/generations</c>.</summary>
    public static TaskSurface Video { get; } = new(Dialect.Video);

    /// <summary>A new film from one that is there: served by the channel that made it.</summary>
    public static TaskSurface Remix { get; } = new(Dialect.Video) { Follows = true };

    /// <summary>Kling's own interface; the whole body goes on as metadata.</summary>
    public static TaskSurface Kling { get; } = new(Dialect.Video) { ModelNames = ["model_name", "model"], BodyIsMetadata = true };

    /// <summary>Jimeng's own interface.</summary>
    public static TaskSurface Jimeng { get; } = new(Dialect.Video) { ModelNames = ["req_key"], BodyIsMetadata = true };

    public static TaskSurface Music { get; } = new(Dialect.Suno) { Model = "suno_music", Action = TaskActions.Music };

    public static TaskSurface Lyrics { get; } = new(Dialect.Suno) { Model = "suno_lyrics", Action = TaskActions.Lyrics };

    /// <summary>Where the body names the model, the first that is there.</summary>
    public IReadOnlyList<string> ModelNames { get; private init; } = ["model"];

    /// <summary>The model, where the address says it.</summary>
    public string? Model { get; private init; }

    public string Action { get; private init; } = "";

    public bool BodyIsMetadata { get; private init; }

    /// <summary>The address names a task that the order follows.</summary>
    public bool Follows { get; private init; }

    /// <summary>The prompt is what a film is made of; songs may have words or tags instead.</summary>
    public bool NeedsPrompt => Dialect == Dialect.Video;
}
