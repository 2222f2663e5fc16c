namespace LatentDiffusion.Hub;

/// <summary>
/// The hub refuses access: the repository is gated and its licence not accepted, or the token is missing, wrong or without permission.
/// </summary>
public sealed class HubAccessException : HubException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="page">The page of the repository, where its licence can be accepted.</param>
    /// <param name="message">What is refused, and the remedy.</param>
    /// <param name="innerException">Its cause; null for none.</param>
    public HubAccessException(Uri page, string message, Exception? innerException = null) : base(message, innerException) => Page = page;

    /// <summary>The page of the repository, where its licence can be accepted.</summary>
    public Uri Page { get; }
}
