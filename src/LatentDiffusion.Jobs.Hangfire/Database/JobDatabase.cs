using System.Data.Common;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// A database with the tables of jobs and workers. They are the truth about every job: each operation is one atomic command, so that a
/// process that is killed leaves either all of it or nothing.
/// </summary>
internal abstract class JobDatabase : IAsyncDisposable
{
    /// <summary>Expression for the present in milliseconds, on the one clock that all workers share.</summary>
    public abstract string Now { get; }

    /// <summary>Name of the table of jobs.</summary>
    public abstract string Jobs { get; }

    /// <summary>Name of the table of workers.</summary>
    public abstract string Workers { get; }

    /// <summary>Name of the table of images.</summary>
    public abstract string Images { get; }

    protected abstract DbDataSource Source { get; }

    /// <summary>Creates missing tables.</summary>
    public abstract Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Runs commands, the last of which may return rows, while no other process does, and all of them or none.
    /// </summary>
    public abstract Task<List<T>> ChangeAsync<T>(
        string commands, IReadOnlyList<(string Name, object Value)> parameters, Func<DbDataReader, T> read,
        CancellationToken cancellationToken);

    /// <summary>Whether the same call may succeed later: the database restarts, or the network is interrupted.</summary>
    public abstract bool IsTransient(Exception exception);

    /// <summary>Runs one command.</summary>
    public async Task<List<T>> QueryAsync<T>(
        string command, IReadOnlyList<(string Name, object Value)> parameters, Func<DbDataReader, T> read,
        CancellationToken cancellationToken)
    {
        DbConnection connection = await Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            DbCommand query = Command(connection, command, parameters);
            await using (query.ConfigureAwait(false))
                return await ReadAsync(query, skipped: 0, read, cancellationToken).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    protected static DbCommand Command(DbConnection connection, string text, IReadOnlyList<(string Name, object Value)> parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        foreach ((string name, object value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Runs a command and reads its rows after some sets of rows.</summary>
    protected static async Task<List<T>> ReadAsync<T>(
        DbCommand command, int skipped, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            for (; skipped > 0; skipped--) await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) rows.Add(read(reader));
            // Errors of later commands show only when their results are asked for.
            while (await reader.NextResultAsync(cancellationToken).ConfigureAwait(false))
            {
            }
        }

        return rows;
    }
}
