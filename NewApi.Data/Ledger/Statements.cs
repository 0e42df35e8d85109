using System.Data.Common;
using LinqToDB.Data;

namespace NewApi.Data.Ledger;

/// <summary>
/// Statements that are executed together, in order, in the transaction of the caller: one round trip where the engine takes batches, one
/// prepared command per text where it does not.
/// </summary>
internal sealed class Statements
{
    private readonly List<(string Text, object[] Values)> _statements = [];

    /// <param name="text">With parameters <c>@p0</c>, <c>@p1</c>…</param>
    /// <param name="values">Their values.</param>
    public void Add(string text, params object[] values) => _statements.Add((text, values));

    public async Task ExecuteAsync(DataConnection db, CancellationToken cancel)
    {
        if (_statements.Count == 0)
        {
            return;
        }
        var connection = db.OpenDbConnection();
        if (connection.CanCreateBatch)
        {
            await ExecuteBatchAsync(connection, db.Transaction, cancel);
            return;
        }
        var commands = new Dictionary<string, DbCommand>(StringComparer.Ordinal);
        try
        {
            foreach (var (text, values) in _statements)
            {
                if (!commands.TryGetValue(text, out var command))
                {
                    commands[text] = command = connection.CreateCommand();
                    command.Transaction = db.Transaction;
#pragma warning disable CA2100 // Texts are constants of the callers; values are parameters.
                    command.CommandText = text;
#pragma warning restore CA2100
                    for (var i = 0; i < values.Length; i++)
                    {
                        command.Parameters.Add(Parameter(command.CreateParameter(), i));
                    }
                }
                for (var i = 0; i < values.Length; i++)
                {
                    command.Parameters[i].Value = values[i];
                }
                await command.ExecuteNonQueryAsync(cancel);
            }
        }
        finally
        {
            foreach (var command in commands.Values)
            {
                await command.DisposeAsync();
            }
        }
    }

    private async Task ExecuteBatchAsync(DbConnection connection, DbTransaction? transaction, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Transaction = transaction;
        foreach (var (text, values) in _statements)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = text;
            for (var i = 0; i < values.Length; i++)
            {
                var parameter = Parameter(command.CreateParameter(), i);
                parameter.Value = values[i];
                command.Parameters.Add(parameter);
            }
            batch.BatchCommands.Add(command);
        }
        await batch.ExecuteNonQueryAsync(cancel);
    }

    private static DbParameter Parameter(DbParameter parameter, int index)
    {
        parameter.ParameterName = $"p{index}";
        return parameter;
    }
}
