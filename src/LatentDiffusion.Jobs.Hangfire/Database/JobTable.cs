using System.Globalization;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>The table of jobs, as clients of the queue use it.</summary>
internal sealed partial class JobTable(JobDatabase database, JobQueueOptions limits, HangfireJobOptions options)
{
    private const int Queued = (int)JobState.Queued, Running = (int)JobState.Running, Completed = (int)JobState.Completed,
        Failed = (int)JobState.Failed, Cancelled = (int)JobState.Cancelled;

    /// <summary>Waiting jobs with their position: the order of <see cref="WaitingJobs"/> in SQL.</summary>
    private string Waiting => $"""
        WITH ranked AS (
            SELECT id, priority, sequence, row_number() OVER (PARTITION BY priority, caller ORDER BY sequence) AS place,
                coalesce((SELECT max(s.turn) FROM {Table} s WHERE s.caller = j.caller AND s.priority = j.priority), 0) AS served
            FROM {Table} j WHERE state = {Queued}),
        waiting AS (
            SELECT id AS waiting_id, row_number() OVER (ORDER BY priority DESC, place, served, sequence) - 1 AS ahead FROM ranked)
        """;

    private string Table => database.Jobs;

    /// <summary>Adds a job.</summary>
    /// <exception cref="QueueFullException">Too many jobs wait.</exception>
    /// <exception cref="ArgumentException">The identifier is in use.</exception>
    public async Task AddAsync(ImageJob job, byte[] document, CancellationToken cancellationToken)
    {
        // An attempt whose answer was lost may have added the row already.
        bool isRepeated = false;
        List<string> added = await RetryAsync(
            async () =>
            {
                if (isRepeated && await FindAsync(job.Id, cancellationToken).ConfigureAwait(false) is not null) return [job.Id];
                isRepeated = true;
                return await TryAddAsync(job, document, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        if (added.Count > 0) return;
        if (await FindAsync(job.Id, cancellationToken).ConfigureAwait(false) is not null)
            throw new ArgumentException($"Id is '{job.Id}', which another job has.", nameof(job.Id));
        throw await CountAsync("", [], cancellationToken).ConfigureAwait(false) is var waiting && waiting >= limits.MaximumQueueLength
            ? new QueueFullException($"{waiting} jobs wait already, the most that the queue holds; try again later.")
            : new QueueFullException(
                $"{limits.MaximumQueueLengthPerCaller} of your jobs wait already, the most of one caller; try again later.");
    }

    /// <summary>The status of a job; null if there is none.</summary>
    public async Task<JobStatus?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await FindAsync([id], cancellationToken).ConfigureAwait(false)).SingleOrDefault();

    /// <summary>The statuses of those jobs that exist.</summary>
    public Task<List<JobStatus>> FindAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        (string Name, object Value)[] parameters = [.. ids.Select((id, i) => (FormattableString.Invariant($"@id{i}"), (object)id))];
        string command = $"""
            {Waiting}
            SELECT {JobRow.Columns}, ahead FROM {Table} LEFT JOIN waiting ON waiting_id = id
            WHERE id IN ({string.Join(", ", parameters.Select(p => p.Name))})
            """;
        return RetryAsync(() => database.QueryAsync(command, parameters, JobRow.Read, cancellationToken), cancellationToken);
    }

    /// <summary>Jobs that run, then waiting ones in their order, then ended ones.</summary>
    public async Task<List<JobStatus>> ListAsync(string? caller, int count, CancellationToken cancellationToken)
    {
        string ofCaller = caller is null ? "" : "AND caller = @caller";
        string present = $"""
            {Waiting}
            SELECT {JobRow.Columns}, ahead FROM {Table} LEFT JOIN waiting ON waiting_id = id
            WHERE state IN ({Queued}, {Running}) {ofCaller}
            ORDER BY state DESC, ahead, started, sequence DESC
            LIMIT @count
            """;
        // Apart from the others: an index then gives the newest ones, however many jobs have ended.
        string past = $"""
            SELECT {JobRow.Columns}, NULL FROM {Table} WHERE ended IS NOT NULL {ofCaller}
            ORDER BY ended DESC, sequence DESC
            LIMIT @count
            """;
        List<JobStatus> jobs = await QueryAsync(present, count).ConfigureAwait(false);
        if (jobs.Count >= count) return jobs;
        HashSet<string> listed = [.. jobs.Select(job => job.Id)];
        List<JobStatus> ended = await QueryAsync(past, count).ConfigureAwait(false);
        // A job may have ended between the two queries.
        return [.. jobs, .. ended.Where(job => !listed.Contains(job.Id)).Take(count - jobs.Count)];

        Task<List<JobStatus>> QueryAsync(string command, int most)
        {
            (string, object)[] parameters = caller is null ? [("@count", most)] : [("@count", most), ("@caller", caller)];
            return RetryAsync(() => database.QueryAsync(command, parameters, JobRow.Read, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Cancels a waiting job, or asks its worker to stop. False if it has ended or does not exist.</summary>
    public async Task<bool> CancelAsync(string id, CancellationToken cancellationToken)
    {
        string command = $"""
            UPDATE {Table} SET stopping = 1,
                document = CASE state WHEN {Queued} THEN NULL ELSE document END,
                ended = CASE state WHEN {Queued} THEN {database.Now} ELSE ended END,
                state = CASE state WHEN {Queued} THEN {Cancelled} ELSE state END
            WHERE id = @id AND state IN ({Queued}, {Running})
            RETURNING id
            """;
        List<string> changed = await RetryAsync(
            () => database.ChangeAsync(command, [("@id", id)], r => r.GetString(0), cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        return changed.Count > 0;
    }

    private Task<List<string>> TryAddAsync(ImageJob job, byte[] document, CancellationToken cancellationToken)
    {
        string perCaller = limits.MaximumQueueLengthPerCaller is { } most
            ? FormattableString.Invariant($" AND (SELECT count(*) FROM {Table} WHERE state = {Queued} AND caller = @caller) < {most}")
            : "";
        string command = $"""
            INSERT INTO {Table}
                (id, model, caller, priority, state, created, due, attempts, stopping, completed_steps, total_steps, document)
            SELECT @id, @model, @caller, @priority, {Queued}, @created, {database.Now}, 0, 0, 0, 0, @document
            WHERE (SELECT count(*) FROM {Table} WHERE state = {Queued}) < @most{perCaller}
            ON CONFLICT DO NOTHING
            RETURNING id
            """;
        return database.ChangeAsync(
            command,
            [
                ("@id", job.Id), ("@model", job.Model), ("@caller", job.Caller), ("@priority", (int)job.Priority),
                ("@created", job.Created.ToUnixTimeMilliseconds()), ("@document", document), ("@most", limits.MaximumQueueLength),
            ],
            r => r.GetString(0), cancellationToken);
    }

    private async Task<int> CountAsync(string condition, (string, object)[] parameters, CancellationToken cancellationToken) =>
        (await database.QueryAsync(
            $"SELECT count(*) FROM {Table} WHERE state = {Queued} {condition}", parameters,
            r => Convert.ToInt32(r.GetValue(0), CultureInfo.InvariantCulture), cancellationToken).ConfigureAwait(false))[0];

    private Task<T> RetryAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken) =>
        database.RetryAsync(call, options.UpdateInterval, cancellationToken);
}
