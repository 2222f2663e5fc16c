using System.Text.Json;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>The workers and their models.</summary>
internal sealed class WorkerTable(JobDatabase database, JobQueueOptions limits, HangfireJobOptions options)
{
    /// <summary>Announces a worker, or that it is still there.</summary>
    public Task AnnounceAsync(string id, IReadOnlyList<string> models, CancellationToken cancellationToken)
    {
        string command = FormattableString.Invariant($"""
            INSERT INTO {database.Workers} (id, models, started, lease)
            VALUES (@id, @models, {database.Now}, {database.Now} + {(long)options.LeaseTime.TotalMilliseconds})
            ON CONFLICT (id) DO UPDATE SET models = excluded.models, lease = excluded.lease
            """);
        return database.QueryAsync(command, [("@id", id), ("@models", JsonSerializer.Serialize(models))], _ => 0, cancellationToken);
    }

    /// <summary>A worker ends. Its models stay known for the retention time.</summary>
    public Task LeaveAsync(string id, CancellationToken cancellationToken) => database.QueryAsync(
        $"UPDATE {database.Workers} SET lease = {database.Now} WHERE id = @id", [("@id", id)], _ => 0, cancellationToken);

    /// <summary>Forgets workers that have been away for the retention time.</summary>
    public Task SweepAsync(CancellationToken cancellationToken) => database.QueryAsync(
        FormattableString.Invariant(
            $"DELETE FROM {database.Workers} WHERE lease < {database.Now} - {(long)limits.Retention.TotalMilliseconds}"),
        [], _ => 0, cancellationToken);

    /// <summary>Models of workers, the first of the oldest worker first.</summary>
    /// <param name="running">Only of workers that run; otherwise also of those that ran in the retention time.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<IReadOnlyList<string>> ModelsAsync(bool running, CancellationToken cancellationToken)
    {
        List<string> lists = await database.QueryAsync(
            $"SELECT models FROM {database.Workers} {(running ? $"WHERE lease > {database.Now}" : "")} ORDER BY started, id", [],
            r => r.GetString(0), cancellationToken).ConfigureAwait(false);
        return [.. lists.SelectMany(l => JsonSerializer.Deserialize<string[]>(l)!).Distinct(StringComparer.Ordinal)];
    }
}
