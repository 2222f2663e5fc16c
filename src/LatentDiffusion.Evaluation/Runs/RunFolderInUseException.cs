namespace LatentDiffusion.Evaluation;

/// <summary>A run folder is open in another process, or twice in this one.</summary>
public sealed class RunFolderInUseException : IOException
{
    internal RunFolderInUseException(string folder, string owner)
        : base($"The run folder '{folder}' is in use by {owner}. Wait for it to end, stop it, or use another folder.") =>
        (Folder, Owner) = (folder, owner);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The process that has it open, by id and name.</summary>
    public string Owner { get; }
}
