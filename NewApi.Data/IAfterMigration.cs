namespace NewApi.Data;

/// <summary>Work that follows the migrations at every start of a master, in order of registration, still under their lock.</summary>
/// <remarks>It may run on every start and on a database that is already complete, so it must be harmless to repeat.</remarks>
public interface IAfterMigration
{
    Task RunAsync(Database database, CancellationToken cancellationToken);
}
