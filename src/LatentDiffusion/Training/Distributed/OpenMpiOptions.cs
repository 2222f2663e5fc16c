namespace LatentDiffusion.Training;

/// <summary>Options of <see cref="OpenMpiReducer"/>, the same in all processes.</summary>
public sealed record OpenMpiOptions
{
    /// <summary>
    /// Whether gradients are summed in the order of the ranks, so that N processes train bit for bit as one that accumulates N-fold. Where
    /// false, each process first sums its own batches, and <c>MPI_Iallreduce</c> adds those sums in an order of its choice: with several
    /// batches per process it sends less. Default true.
    /// </summary>
    public bool RankOrdered { get; init; } = true;

    /// <summary>
    /// How long a process waits for the others before it ends with a <see cref="ProcessGroupException"/>, above 0. It must exceed whatever
    /// one process does alone: writing a checkpoint, sample images. A process that is killed ends the others at once, through
    /// <c>mpirun</c>; this limit is for processes that hang. Default 10 minutes.
    /// </summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Gradients sent at a time, at least 1024: while one bucket is on its way, the one before is summed. Default 4,194,304, which is
    /// 16 MiB.
    /// </summary>
    public int BucketLength { get; init; } = 1 << 22;
}
