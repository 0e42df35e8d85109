namespace NewApi.Data;

/// <summary>Brings the database to the state that the stores expect; hosts call it once before they take requests.</summary>
public interface IDatabaseInitializer
{
    /// <summary>
    /// Creates what is missing, under a lock that all processes on the same database share; with <c>NODE_TYPE=slave</c> it only
    /// checks that the database answers. Calling it again changes nothing.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be reached, created or used as it is.</exception>
    Task InitializeAsync(CancellationToken cancellationToken);
}
