namespace LatentDiffusion.Training;

/// <summary>
/// Processes that work together cannot continue: one has failed, has left or does not answer. The last checkpoint is whole; the run
/// resumes from it.
/// </summary>
public sealed class ProcessGroupException : Exception
{
    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">The failure.</param>
    /// <param name="rank">The process that failed; null if it is not known.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public ProcessGroupException(string message, int? rank = null, Exception? innerException = null) : base(message, innerException) =>
        Rank = rank;

    /// <summary>The process that failed; null if it is not known.</summary>
    public int? Rank { get; }
}
