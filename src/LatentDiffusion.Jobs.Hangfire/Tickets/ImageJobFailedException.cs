namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>An image job failed. Hangfire's dashboard shows it; the queue has recorded it.</summary>
/// <param name="job">Identifier of the job.</param>
/// <param name="error">Why it failed.</param>
public sealed class ImageJobFailedException(string job, JobError error) : Exception($"Job {job} failed ({error?.Kind}): {error?.Message}")
{
    /// <summary>Identifier of the job.</summary>
    public string Job { get; } = job;

    /// <summary>Why it failed.</summary>
    public JobError Error { get; } = error ?? throw new ArgumentNullException(nameof(error));
}
