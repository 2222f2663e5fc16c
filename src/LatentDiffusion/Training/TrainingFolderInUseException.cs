namespace LatentDiffusion.Training;

/// <summary>Another run writes its checkpoints to the same folder.</summary>
/// <param name="folder">The folder.</param>
/// <param name="innerException">The error of the operating system.</param>
public sealed class TrainingFolderInUseException(string folder, Exception? innerException = null)
    : IOException($"'{folder}' is in use by another training run; wait for its end, stop it, or train in another folder.", innerException)
{
    /// <summary>The folder.</summary>
    public string Folder { get; } = folder;
}
