using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Jobs in PostgreSQL, shared by any number of machines.</summary>
internal sealed class PostgreSqlDatabase : JobDatabase
{
    // Any fixed number: it keeps the queue's changes apart from each other and from other users of advisory locks.
    private const long Lock = 0x4C44_4A6F_6273;

    // A command that cannot finish gives its lock back in time for the others.
    private const int CommandSeconds = 15, KeepAliveSeconds = 5;

    // More than this library and Hangfire repeat.
    private const int PreparedCommands = 100;

    private const string MaximumPrepared = "Max Auto Prepare";

    private readonly NpgsqlDataSource _source;
    private readonly string _schema;

    public PostgreSqlDatabase(string connectionString, string schema)
    {
        _schema = schema;
        _source = NpgsqlDataSource.Create(Configure(connectionString));
    }

    public override string Now => "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

    public override string Jobs => $"{_schema}.image_job";

    public override string Workers => $"{_schema}.image_worker";

    public override string Images => $"{_schema}.image_file";

    protected override DbDataSource Source => _source;

    /// <summary>A connection string with the settings of this library.</summary>
    public static string Configure(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            CommandTimeout = CommandSeconds, TcpKeepAlive = true, TcpKeepAliveTime = KeepAliveSeconds,
            TcpKeepAliveInterval = KeepAliveSeconds,
        };
        // Half of the server's time for a job went into parsing and planning the same commands again.
        if (!settings.ShouldSerialize(MaximumPrepared)) settings.MaxAutoPrepare = PreparedCommands;
        return settings.ConnectionString;
    }

    public override async Task InitializeAsync(CancellationToken cancellationToken)
    {
        string create = $"CREATE SCHEMA IF NOT EXISTS {_schema};"
            + JobSchema.Create($"{_schema}.", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "bytea");
        await ChangeAsync(create, [], _ => 0, cancellationToken).ConfigureAwait(false);
    }

    // One message to the server: nothing waits for this process while the lock is held, however it ends.
    public override async Task<List<T>> ChangeAsync<T>(
        string commands, IReadOnlyList<(string Name, object Value)> parameters, Func<DbDataReader, T> read,
        CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            DbCommand command = Command(
                connection, $"SELECT pg_advisory_xact_lock({Lock}); {commands}", parameters);
            await using (command.ConfigureAwait(false))
                return await ReadAsync(command, skipped: 1, read, cancellationToken).ConfigureAwait(false);
        }
    }

    public override bool IsTransient(Exception exception) =>
        exception is NpgsqlException { IsTransient: true } or SocketException or TimeoutException
        || exception is PostgresException { SqlState: ['5', '7', ..] or ['0', '8', ..] or ['4', '0', ..] }
        || exception is NpgsqlException { InnerException: IOException or SocketException or TimeoutException };
}
