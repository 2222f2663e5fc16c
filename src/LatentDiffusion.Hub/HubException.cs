namespace LatentDiffusion.Hub;

/// <summary>A download from a model hub failed. The derived types say how.</summary>
public class HubException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The failure and its remedy.</param>
    /// <param name="innerException">Its cause; null for none.</param>
    public HubException(string message, Exception? innerException = null) : base(MessageText.Truncate(message), innerException)
    {
    }
}
