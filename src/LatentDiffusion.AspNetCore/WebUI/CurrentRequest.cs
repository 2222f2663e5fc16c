namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The request of a caller that runs, or that runs next: the web UI has one at a time.</summary>
/// <param name="Job">Its iteration that runs, or runs next.</param>
/// <param name="Id">Which iteration that is.</param>
/// <param name="Unfinished">All its iterations that have not ended, in order.</param>
internal sealed record CurrentRequest(JobStatus Job, WebUIJobId Id, IReadOnlyList<JobStatus> Unfinished)
{
    private const int FirstCount = 100, Growth = 10;

    /// <summary>Null if the caller has no request of this API.</summary>
    public static async Task<CurrentRequest?> FindAsync(IImageJobQueue queue, string caller, CancellationToken cancellationToken)
    {
        IReadOnlyList<JobStatus> jobs = await ListAsync(queue, caller, cancellationToken).ConfigureAwait(false);
        (JobStatus Job, WebUIJobId Id)[] unfinished =
        [
            .. jobs.Where(job => !job.HasEnded && job.Caller == caller)
                .Select(job => (job, Id: WebUIJobId.Parse(job.Id))).Where(job => job.Id is not null).Select(job => (job.job, job.Id!)),
        ];
        if (unfinished.Length == 0) return null;
        (JobStatus first, WebUIJobId id) = unfinished[0];
        return new CurrentRequest(
            first, id, [.. unfinished.Where(job => job.Id.Request == id.Request).OrderBy(job => job.Id.Number).Select(job => job.Job)]);
    }

    /// <summary>All jobs of the caller that have not ended, and some that have: queues list those last.</summary>
    private static async Task<IReadOnlyList<JobStatus>> ListAsync(
        IImageJobQueue queue, string caller, CancellationToken cancellationToken)
    {
        for (int count = FirstCount; ; count *= Growth)
        {
            IReadOnlyList<JobStatus> jobs = await queue.ListAsync(caller, count, cancellationToken).ConfigureAwait(false);
            if (jobs.Count < count || jobs[^1].HasEnded || count > int.MaxValue / Growth) return jobs;
        }
    }
}
