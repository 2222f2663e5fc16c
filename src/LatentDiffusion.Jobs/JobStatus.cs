namespace LatentDiffusion.Jobs;

/// <summary>A job at one moment.</summary>
public sealed record JobStatus
{
    /// <summary>Identifier of the job.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Who asked: <see cref="ImageJob.Caller"/>.</summary>
    public string Caller { get; init; } = "";

    /// <summary>Where the job stands.</summary>
    public required JobState State { get; init; }

    /// <summary>When the job was created.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When a worker started the present attempt; null before.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Number of waiting jobs that run before it, from 0; null where it does not wait.</summary>
    public int? Position { get; init; }

    /// <summary>Completed evaluations of the network, over all images.</summary>
    public int CompletedSteps { get; init; }

    /// <summary>Total number of evaluations; 0 until the first was made.</summary>
    public int TotalSteps { get; init; }

    /// <summary>The newest preview as an object of the store; null without previews.</summary>
    public StoredImage? Preview { get; init; }

    /// <summary>The images, in order; empty until it has completed.</summary>
    public IReadOnlyList<StoredImage> Images { get; init; } = [];

    /// <summary>Why it failed; null otherwise.</summary>
    public JobError? Error { get; init; }

    /// <summary>Attempts so far, from 1 for the first. More than one where a worker died.</summary>
    public int Attempts { get; init; }

    /// <summary>Whether the job has ended: it completed, failed or was cancelled.</summary>
    public bool HasEnded => State is JobState.Completed or JobState.Failed or JobState.Cancelled;
}
