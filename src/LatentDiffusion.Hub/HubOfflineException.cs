namespace LatentDiffusion.Hub;

/// <summary>Files are not in the cache, and the hub cannot be reached or must not be asked (offline mode).</summary>
public sealed class HubOfflineException : HubException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is not cached, and why the hub is not asked.</param>
    /// <param name="innerException">Its cause; null for none.</param>
    public HubOfflineException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
