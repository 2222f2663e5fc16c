namespace LatentDiffusion.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Path">Its path in the repository, with <c>/</c> between the parts.</param>
/// <param name="Size">Its size in bytes; null where the hub does not say.</param>
public sealed record HubFile(string Path, long? Size);
