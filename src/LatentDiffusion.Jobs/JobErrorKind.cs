namespace LatentDiffusion.Jobs;

/// <summary>Kinds of failures.</summary>
public enum JobErrorKind
{
    /// <summary>The request is wrong; it fails again if it is repeated.</summary>
    InvalidRequest,

    /// <summary>The request exceeds a limit of the pipeline.</summary>
    LimitExceeded,

    /// <summary>The queue is full, or a worker ran out of memory: it may be repeated later.</summary>
    Busy,

    /// <summary>It took longer than its time limit.</summary>
    TimedOut,

    /// <summary>Anything else; the log has details.</summary>
    Internal,
}
