namespace LatentDiffusion.Jobs;

/// <summary>Priority of a job in the queue.</summary>
public enum JobPriority
{
    /// <summary>Runs when nothing else waits.</summary>
    Low = -1,

    /// <summary>The default.</summary>
    Normal = 0,

    /// <summary>Runs before the others, for example for a person who waits.</summary>
    High = 1,
}
