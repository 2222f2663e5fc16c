namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>How an attempt ended.</summary>
/// <param name="Id">Identifier of the job.</param>
/// <param name="Description">In words.</param>
internal sealed record ClaimedJobOutcome(string Id, string Description)
{
    /// <summary>Why the job failed; null where it did not.</summary>
    public JobError? Error { get; init; }

    /// <summary>Whether the job waits again because the worker stops.</summary>
    public bool IsReturned { get; init; }
}
