namespace LatentDiffusion;

/// <summary>libtorch, which everything runs on, could not be loaded.</summary>
/// <param name="message">What is missing and what to do.</param>
/// <param name="innerException">What the loader said.</param>
public sealed class TorchUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
