namespace LatentDiffusion.Hub;

/// <summary>The body of an answer ended early, broke off or stalled. The rest can be requested again.</summary>
internal sealed class BodyInterruptedException(string message, Exception? innerException = null) : Exception(message, innerException);
