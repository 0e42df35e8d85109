namespace NewApi.Data.Changes;

/// <summary>Tells every process on the same database that something was changed.</summary>
/// <remarks>Other processes hear of it at once through Redis, else within <c>SYNC_FREQUENCY</c> seconds through a revision that they
/// poll. A signal may come twice, and by polling it comes without its key; it never gets lost.</remarks>
public interface IChangeSignal
{
    /// <summary>To be called after the commit. Subscribers of this process have run when it returns.</summary>
    Task PublishAsync(ChangeTopic topic, string? key, CancellationToken cancellationToken);

    /// <summary>
    /// <paramref name="handler"/> runs on the publisher's or the poller's thread and must return quickly; a null key means that
    /// anything of the topic may be different. Disposing the result ends the subscription.
    /// </summary>
    IDisposable Subscribe(Action<ChangeTopic, string?> handler);
}
