namespace LatentDiffusion;

/// <summary>Behaviour of libtorch's threads while they have no work.</summary>
public enum ThreadWaiting
{
    /// <summary>Wait in a loop for a fraction of a millisecond, which bridges the pauses within an evaluation, then sleep.</summary>
    Brief,

    /// <summary>Wait in a loop, which takes a core from other work also between two generations, and reacts fastest.</summary>
    Active,

    /// <summary>Sleep at once, which leaves the most to other work, and reacts slowest.</summary>
    Passive,
}
