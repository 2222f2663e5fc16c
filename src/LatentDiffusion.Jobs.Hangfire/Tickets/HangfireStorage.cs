using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.Storage.SQLite;
using Npgsql;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Opens Hangfire's own tables.</summary>
internal sealed class HangfireStorage(HangfireJobOptions options, JobQueueOptions limits)
{
    private const string SqliteSuffix = ".hangfire";

    // Any fixed number of its own.
    private const long Lock = 0x4C44_5363_686D;

    /// <summary>How often each of Hangfire's threads looks for tickets of other processes.</summary>
    private static readonly TimeSpan s_shortestPoll = TimeSpan.FromMilliseconds(50);

    public JobStorage Open()
    {
        JobStorage storage = options.SqlitePath is { } path ? OpenSqlite(path) : OpenPostgreSql();
        storage.JobExpirationTimeout = limits.Retention;
        return storage;
    }

    private TimeSpan Poll => options.UpdateInterval < s_shortestPoll ? s_shortestPoll : options.UpdateInterval;

    private SQLiteStorage OpenSqlite(string path)
    {
        string full = Path.GetFullPath(path) + SqliteSuffix;
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return new SQLiteStorage(full, new SQLiteStorageOptions { QueuePollInterval = Poll });
    }

    private PostgreSqlStorage OpenPostgreSql()
    {
        var settings = new PostgreSqlStorageOptions
        {
            SchemaName = options.Schema, QueuePollInterval = Poll, InvisibilityTimeout = options.LeaseTime,
            UseSlidingInvisibilityTimeout = true, DistributedLockTimeout = options.LeaseTime,
        };
        string text = PostgreSqlDatabase.Configure(options.ConnectionString!);
        // Several processes may create the tables at once, which Hangfire does not expect.
        using var connection = new NpgsqlConnection(text);
        connection.Open();
        Execute($"SELECT pg_advisory_lock({Lock})");
        try
        {
            return new PostgreSqlStorage(new NpgsqlConnectionFactory(text, settings), settings);
        }
        finally
        {
            Execute($"SELECT pg_advisory_unlock({Lock})");
        }

        void Execute(string command)
        {
            using var locking = new NpgsqlCommand(command, connection);
            locking.ExecuteNonQuery();
        }
    }
}
