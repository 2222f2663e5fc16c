namespace LatentDiffusion;

/// <summary>libtorch could not be loaded.</summary>
/// <param name="message">What is missing and how to fix it.</param>
/// <param name="innerException">The loader's exception.</param>
public sealed class TorchUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
