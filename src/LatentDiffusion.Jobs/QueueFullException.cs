namespace LatentDiffusion.Jobs;

/// <summary>Too many jobs wait already. The call may be repeated later.</summary>
/// <param name="message">Which limit was reached, and its value.</param>
public sealed class QueueFullException(string message) : Exception(message);
