namespace LatentDiffusion.Training;

/// <summary>
/// Keeps a folder to one run, across processes. The operating system lets go of it when the process ends, however it
/// ends; the empty file stays, since removing it would let two later runs lock two files of its name.
/// </summary>
internal sealed class TrainingFolderLock : IDisposable
{
    private const string Name = ".lock";

    private readonly FileStream _file;

    /// <exception cref="TrainingFolderInUseException">Another run has the folder.</exception>
    public TrainingFolderLock(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, Name);
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new TrainingFolderInUseException(folder, e);
        }
    }

    public void Dispose() => _file.Dispose();
}
