namespace LatentDiffusion.Hub;

/// <summary>What a hub was asked for.</summary>
public enum HubEntryKind
{
    /// <summary>A repository.</summary>
    Repository,

    /// <summary>A branch, tag or commit of a repository.</summary>
    Revision,

    /// <summary>A file of a revision.</summary>
    File,
}
