using LatentDiffusion.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>The jobs of one caller. Those of others do not exist for them.</summary>
internal static class CallerJobs
{
    /// <summary>Finds a job of the caller; null if there is none.</summary>
    public static async Task<JobStatus?> FindAsync(HttpContext context, IImageJobQueue queue, string id) =>
        await queue.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is { } job && job.Caller == Caller.Of(context) ? job : null;
}
