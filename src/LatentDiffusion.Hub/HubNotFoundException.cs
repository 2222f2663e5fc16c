namespace LatentDiffusion.Hub;

/// <summary>The hub does not have the repository, the revision or the file. Private repositories look like missing ones.</summary>
public sealed class HubNotFoundException : HubException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What is missing.</param>
    /// <param name="message">Its name, and where it was looked for.</param>
    /// <param name="innerException">Its cause; null for none.</param>
    public HubNotFoundException(HubEntryKind kind, string message, Exception? innerException = null) : base(message, innerException) =>
        Kind = kind;

    /// <summary>What is missing.</summary>
    public HubEntryKind Kind { get; }
}
