namespace NewApi.Data;

/// <summary>Work that follows the migrations at every start of a master, in order of registration.</summary>
/// <remarks>It runs at every start, and two processes that start together may run it at the same time: it must be harmless to
/// repeat, such as an insert whose primary key keeps a second one out.</remarks>
public interface IAfterMigration
{
    Task RunAsync(Database database, CancellationToken cancellationToken);
}
