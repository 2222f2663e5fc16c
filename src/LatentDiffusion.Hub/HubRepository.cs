namespace LatentDiffusion.Hub;

/// <summary>The files of a repository at one revision.</summary>
/// <param name="Id">Its id, for example <c>organisation/name</c>.</param>
/// <param name="Commit">The commit that the revision names, a hash of 40 hexadecimal digits.</param>
/// <param name="Files">Its files. Without a connection only those in the cache.</param>
public sealed record HubRepository(string Id, string Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>Whether the files were found in the cache, because the hub cannot be reached or must not be asked.</summary>
    public bool IsOffline { get; init; }
}
