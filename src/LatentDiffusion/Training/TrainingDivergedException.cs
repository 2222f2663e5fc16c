namespace LatentDiffusion.Training;

/// <summary>A loss or gradient was not finite; the run's last checkpoint is intact.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Says what happened.</summary>
    /// <param name="message">What happened and at which step.</param>
    public TrainingDivergedException(string message) : base(message)
    {
    }

    /// <summary>Says what happened, where, and what is left.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="items">What its batches consisted of.</param>
    /// <param name="checkpoint">Path of the newest checkpoint; null for none.</param>
    public TrainingDivergedException(string message, long step, IReadOnlyList<string> items, string? checkpoint) : base(message) =>
        (Step, Items, Checkpoint) = (step, items, checkpoint);

    /// <summary>Number of the step, from 0: as many were done well.</summary>
    public long Step { get; }

    /// <summary>What its batches consisted of, as far as the objective says.</summary>
    public IReadOnlyList<string> Items { get; } = [];

    /// <summary>Path of the newest checkpoint; null for none.</summary>
    public string? Checkpoint { get; }
}
