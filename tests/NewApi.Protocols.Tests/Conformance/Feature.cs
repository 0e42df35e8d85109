using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Conformance;

/// <summary>What travels: a request to an upstream, its whole answer back, or its stream back.</summary>
public enum Leg
{
    Request,
    Answer,
    Stream,
}

/// <summary>One thing that a dialect can say.</summary>
/// <param name="Name">Its name; in kebab case, the folder of its inputs.</param>
internal sealed record Feature(string Name)
{
    /// <summary>What a request says of it; null for nothing.</summary>
    public Func<ChatRequest, string?>? Asked { get; init; }

    /// <summary>What an answer says of it; null for nothing.</summary>
    public Func<Heard, string?>? Answered { get; init; }

    /// <summary>Inputs of another feature that serve this one as well.</summary>
    public string? Inputs { get; init; }

    public string Folder => Inputs ?? Name.Replace(' ', '-').ToLowerInvariant();
}

/// <summary>An answer as it was understood, whole or streamed.</summary>
internal sealed record Heard(ChatReply Reply, Usage Usage, RelayFault? Error)
{
    public IEnumerable<ChatPart> Parts => Reply.Choices.Count > 0 ? Reply.Choices[0].Parts : [];
}
