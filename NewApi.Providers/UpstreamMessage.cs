using System.Collections.ObjectModel;
using NewApi.Domain;

namespace NewApi.Providers;

/// <summary>What one attempt sends to a provider: a body in a dialect that the provider speaks, and everything its address and credential need.</summary>
public class UpstreamMessage
{
    public required ProviderAccount Account { get; init; }

    /// <summary>The credential of this attempt, raw. It must not reach a log, a trace or an error text.</summary>
    public required string Key { get; init; }

    public required Dialect Dialect { get; init; }

    /// <summary>What the caller wrote in, where that may differ.</summary>
    public Dialect? Caller { get; init; }

    /// <summary>The caller's name of the model, where that may differ.</summary>
    public string? CallerModel { get; init; }

    /// <summary>The upstream's name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Gemini action, else null.</summary>
    public string? Action { get; init; }

    public bool Stream { get; init; }

    /// <summary>The body as its dialect has it; null for requests without one. An adapter that changes it makes a content of its own.</summary>
    public HttpContent? Content { get; init; }

    /// <summary>The bytes of <see cref="Content"/>, valid until the attempt ends.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Headers that the operator wants for this model of Anthropic's, with their values.</summary>
    public IReadOnlyDictionary<string, string[]> ModelHeaders { get; init; } = ReadOnlyDictionary<string, string[]>.Empty;

    /// <summary>Ids that the provider does not give are made of it.</summary>
    public string RequestId { get => field ??= Guid.NewGuid().ToString("N"); init; }

    public ProviderSettings Settings { get; init; } = ProviderSettings.Default;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>A header of the caller's request; null when it has none, or when there is no caller (channel tests).</summary>
    public virtual string? ClientHeader(string name) => null;

    /// <summary>A query value of the caller's request.</summary>
    public virtual string? ClientQuery(string name) => null;

    /// <summary>Called by <see cref="UpstreamRequests.Finish"/> as the last thing: the channel's own headers win.</summary>
    public virtual void Override(HttpRequestMessage request)
    {
    }
}
