using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Jobs in a file, for the processes of one machine.</summary>
internal sealed class SqliteDatabase : JobDatabase
{
    private const int Busy = 5, Locked = 6, WaitSeconds = 30;

    private readonly string _path;
    private readonly DbDataSource _source;

    public SqliteDatabase(string path)
    {
        _path = Path.GetFullPath(path);
        var options = new SqliteConnectionStringBuilder { DataSource = _path, DefaultTimeout = WaitSeconds };
        _source = SqliteFactory.Instance.CreateDataSource(options.ConnectionString);
    }

    public override string Now => "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

    public override string Jobs => "image_job";

    public override string Workers => "image_worker";

    public override string Images => "image_file";

    protected override DbDataSource Source => _source;

    public override async Task InitializeAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        // Readers and the writer do not wait for each other. The file remembers it.
        await QueryAsync("PRAGMA journal_mode = WAL", [], _ => 0, cancellationToken).ConfigureAwait(false);
        string create = JobSchema.Create("", "integer PRIMARY KEY AUTOINCREMENT", "blob");
        await ChangeAsync(create, [], _ => 0, cancellationToken).ConfigureAwait(false);
    }

    public override async Task<List<T>> ChangeAsync<T>(
        string commands, IReadOnlyList<(string Name, object Value)> parameters, Func<DbDataReader, T> read,
        CancellationToken cancellationToken)
    {
        var connection = (SqliteConnection)await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            await using (transaction.ConfigureAwait(false))
            {
                DbCommand command = Command(connection, commands, parameters);
                await using (command.ConfigureAwait(false))
                {
                    command.Transaction = transaction;
                    List<T> rows = await ReadAsync(command, skipped: 0, read, cancellationToken).ConfigureAwait(false);
                    await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                    return rows;
                }
            }
        }
    }

    public override bool IsTransient(Exception exception) => exception is SqliteException { SqliteErrorCode: Busy or Locked };
}
