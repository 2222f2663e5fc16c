using System.Globalization;

namespace LatentDiffusion.Jobs.Hangfire;

/// <content>
/// The table of jobs, as workers use it. A claim holds while its lease is renewed; whoever lost it cannot change the job.
/// </content>
internal sealed partial class JobTable
{
    private static readonly JobError s_lost =
        new(JobErrorKind.Internal, "The worker stopped responding, in each of the attempts that a job has.");

    private long Lease => (long)options.LeaseTime.TotalMilliseconds;

    /// <summary>Claims the job that runs next; null if none waits.</summary>
    /// <param name="models">The models of the worker.</param>
    /// <param name="claim">Identifies this attempt.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<ClaimedJob?> ClaimAsync(IReadOnlyList<string> models, string claim, CancellationToken cancellationToken)
    {
        (string Name, object Value)[] names = [.. models.Select((m, i) => (FormattableString.Invariant($"@model{i}"), (object)m))];
        string commands = $"""
            {Requeue}
            UPDATE {Table} SET state = {Running}, attempts = attempts + 1, worker = @claim, lease = {database.Now} + {Lease},
                started = {database.Now}, completed_steps = 0, total_steps = 0, preview = NULL,
                turn = (SELECT coalesce(max(turn), 0) + 1 FROM {Table})
            WHERE id = (
                SELECT id FROM (
                    SELECT id, caller, priority, sequence, row_number() OVER (PARTITION BY priority, caller ORDER BY sequence) AS place
                    FROM {Table} WHERE state = {Queued} AND due <= {database.Now}
                        AND model IN ({string.Join(", ", names.Select(n => n.Name))})) first
                WHERE place = 1
                ORDER BY priority DESC,
                    coalesce((SELECT max(s.turn) FROM {Table} s WHERE s.caller = first.caller AND s.priority = first.priority), 0),
                    sequence
                LIMIT 1)
            RETURNING id, model, attempts, document
            """;
        List<ClaimedJob> claimed = await database.ChangeAsync(
            commands, [("@claim", claim), .. names],
            r => new ClaimedJob(r.GetString(0), r.GetString(1), claim, r.GetInt32(2), (byte[])r.GetValue(3)), cancellationToken)
            .ConfigureAwait(false);
        return claimed.SingleOrDefault();
    }

    /// <summary>Renews the lease and records progress. Null if the claim was lost; otherwise whether the job is to stop.</summary>
    public async Task<bool?> RenewAsync(ClaimedJob job, JobProgress? progress, CancellationToken cancellationToken)
    {
        (string, object)[] parameters = [("@id", job.Id), ("@claim", job.Claim)];
        string preview = "";
        if (progress?.Preview is { } image)
        {
            preview = ", preview = @preview";
            parameters = [.. parameters, ("@preview", JobRow.Json(image))];
        }

        string command = FormattableString.Invariant($"""
            UPDATE {Table} SET lease = {database.Now} + {Lease}, completed_steps = {progress?.CompletedSteps ?? 0},
                total_steps = {progress?.TotalSteps ?? 0}{preview}
            {OfClaim}
            RETURNING stopping
            """);
        List<bool> rows = await database.QueryAsync(command, parameters, r => r.GetInt32(0) != 0, cancellationToken).ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>
    /// Records that a job ended. False if the claim was lost, and the job runs or ends elsewhere, or if a job completed that was cancelled.
    /// </summary>
    public Task<bool> EndAsync(ClaimedJob job, JobState state, JobResult? result, JobProgress? last, CancellationToken cancellationToken)
    {
        (string, object)[] parameters = [];
        string set = FormattableString.Invariant($"state = {(int)state}, ended = {database.Now}, document = NULL, preview = NULL");
        if (result is { Error: null, Images: var images }) Set("images", JobRow.Json(images));
        if (result?.Error is { } error) Set("error", JobRow.Json(error));
        if (last is not null)
            set += FormattableString.Invariant($", completed_steps = {last.CompletedSteps}, total_steps = {last.TotalSteps}");
        return ChangeClaimedAsync(job, set, parameters, cancellationToken, state == JobState.Completed ? " AND stopping = 0" : "");

        void Set(string column, string value)
        {
            set += $", {column} = @{column}";
            parameters = [.. parameters, ($"@{column}", value)];
        }
    }

    /// <summary>Returns a job to the queue.</summary>
    /// <param name="job">The job.</param>
    /// <param name="delay">When it may run again.</param>
    /// <param name="counts">Whether the attempt counts.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public Task<bool> ReturnAsync(ClaimedJob job, TimeSpan delay, bool counts, CancellationToken cancellationToken) => ChangeClaimedAsync(
        job,
        FormattableString.Invariant($"state = {Queued}, attempts = attempts - {(counts ? 0 : 1)}, started = NULL, preview = NULL, ")
            + FormattableString.Invariant($"due = {database.Now} + {(long)delay.TotalMilliseconds}"),
        [], cancellationToken);

    /// <summary>
    /// Returns the jobs of lost workers to the queue or, if they were cancelled or have no attempt left, ends them. Forgets old jobs.
    /// </summary>
    /// <returns>Identifiers of jobs that were ended or forgotten, whose files are to be deleted.</returns>
    public async Task<List<string>> SweepAsync(CancellationToken cancellationToken)
    {
        string end = FormattableString.Invariant($"""
            UPDATE {Table} SET state = CASE stopping WHEN 1 THEN {Cancelled} ELSE {Failed} END,
                error = CASE stopping WHEN 1 THEN NULL ELSE @error END,
                ended = {database.Now}, document = NULL, worker = NULL, lease = NULL, preview = NULL
            WHERE {IsLost} AND (stopping = 1 OR attempts >= {options.MaximumAttempts})
            RETURNING id
            """);
        string forget = FormattableString.Invariant($"""
            {Requeue}
            DELETE FROM {Table} WHERE ended <= {database.Now} - {(long)limits.Retention.TotalMilliseconds} RETURNING id
            """);
        List<string> ended = await database.ChangeAsync(
            end, [("@error", JobRow.Json(s_lost))], r => r.GetString(0), cancellationToken).ConfigureAwait(false);
        List<string> forgotten = await database.ChangeAsync(forget, [], r => r.GetString(0), cancellationToken).ConfigureAwait(false);
        return [.. ended, .. forgotten];
    }

    /// <summary>Number of jobs of each model that have waited for some time and could run.</summary>
    public async Task<Dictionary<string, int>> OverdueAsync(TimeSpan since, CancellationToken cancellationToken)
    {
        string command = FormattableString.Invariant($"""
            SELECT model, count(*) FROM {Table} WHERE state = {Queued} AND due <= {database.Now} - {(long)since.TotalMilliseconds}
            GROUP BY model
            """);
        List<(string Model, int Count)> rows = await database.QueryAsync(
            command, [], r => (r.GetString(0), Convert.ToInt32(r.GetValue(1), CultureInfo.InvariantCulture)), cancellationToken)
            .ConfigureAwait(false);
        return rows.ToDictionary(r => r.Model, r => r.Count, StringComparer.Ordinal);
    }

    private string OfClaim => $"WHERE id = @id AND worker = @claim AND state = {Running}";

    private string IsLost => $"state = {Running} AND lease < {database.Now}";

    /// <summary>Command that returns the jobs of lost workers to the queue.</summary>
    private string Requeue => FormattableString.Invariant($"""
        UPDATE {Table} SET state = {Queued}, started = NULL, worker = NULL, lease = NULL, preview = NULL, due = {database.Now}
        WHERE {IsLost} AND stopping = 0 AND attempts < {options.MaximumAttempts};
        """);

    private async Task<bool> ChangeClaimedAsync(
        ClaimedJob job, string set, (string, object)[] parameters, CancellationToken cancellationToken, string condition = "")
    {
        string command = $"UPDATE {Table} SET worker = NULL, lease = NULL, {set} {OfClaim}{condition} RETURNING id";
        List<string> changed = await RetryAsync(
            () => database.ChangeAsync(
                command, [("@id", job.Id), ("@claim", job.Claim), .. parameters], r => r.GetString(0), cancellationToken),
            cancellationToken).ConfigureAwait(false);
        return changed.Count > 0;
    }
}
