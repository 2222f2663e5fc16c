namespace LatentDiffusion;

/// <summary>libtorch could not be loaded.</summary>
/// <param name="message">The missing library and the remedy.</param>
/// <param name="innerException">The loader's exception.</param>
public sealed class TorchUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
