namespace LatentDiffusion.Training;

/// <summary>A loss or gradient was not finite; the run's last checkpoint is intact.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">The failure and its step.</param>
    public TrainingDivergedException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with a message, the step and its items.</summary>
    /// <param name="message">The failure.</param>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="items">Items of its batches.</param>
    /// <param name="checkpoint">Path of the newest checkpoint; null for none.</param>
    public TrainingDivergedException(string message, long step, IReadOnlyList<string> items, string? checkpoint) : base(message) =>
        (Step, Items, Checkpoint) = (step, items, checkpoint);

    /// <summary>Number of the step, from 0: as many were done well.</summary>
    public long Step { get; }

    /// <summary>Items of its batches, as far as the objective names them.</summary>
    public IReadOnlyList<string> Items { get; } = [];

    /// <summary>Path of the newest checkpoint; null for none.</summary>
    public string? Checkpoint { get; }
}
