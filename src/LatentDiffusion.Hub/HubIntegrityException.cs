namespace LatentDiffusion.Hub;

/// <summary>A server sent another number of bytes, or other bytes, than the hub announced. Nothing of them is kept.</summary>
public sealed class HubIntegrityException : HubException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The file, what was expected and what arrived.</param>
    /// <param name="innerException">Its cause; null for none.</param>
    public HubIntegrityException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
