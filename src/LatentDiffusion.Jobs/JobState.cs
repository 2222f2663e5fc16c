namespace LatentDiffusion.Jobs;

/// <summary>Where a job stands.</summary>
public enum JobState
{
    /// <summary>It waits for a worker.</summary>
    Queued,

    /// <summary>A worker generates its images.</summary>
    Running,

    /// <summary>Its images are in the store.</summary>
    Completed,

    /// <summary>It failed; <see cref="JobStatus.Error"/> says why.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,
}
