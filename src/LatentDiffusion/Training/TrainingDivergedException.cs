namespace LatentDiffusion;

/// <summary>A loss or gradient was not finite; the run's last checkpoint is intact.</summary>
/// <param name="message">What happened and at which step.</param>
public sealed class TrainingDivergedException(string message) : Exception(message);
