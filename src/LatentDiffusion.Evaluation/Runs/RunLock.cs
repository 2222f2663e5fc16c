namespace LatentDiffusion.Evaluation;

/// <summary>
/// Keeps a run folder to one process: a file that is open without sharing, which the operating system releases however
/// the process ends. Who holds it stands in a file beside, as the first cannot be read meanwhile.
/// </summary>
internal sealed class RunLock : IDisposable
{
    private const string LockFile = "run.lock", OwnerFile = "run.owner";

    private readonly FileStream _stream;
    private readonly string _owner;

    private RunLock(FileStream stream, string owner) => (_stream, _owner) = (stream, owner);

    /// <exception cref="RunFolderInUseException">The folder is in use.</exception>
    public static RunLock Take(string folder)
    {
        string owner = Path.Combine(folder, OwnerFile);
        FileStream stream;
        try
        {
            stream = new FileStream(Path.Combine(folder, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        // Its subclasses say that something else is wrong: the folder is gone, the path too long.
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw new RunFolderInUseException(folder, Read(owner));
        }

        AtomicFile.Write(owner, $"process {Environment.ProcessId} ({Path.GetFileNameWithoutExtension(Environment.ProcessPath)}) on {Environment.MachineName}");
        return new RunLock(stream, owner);
    }

    public void Dispose()
    {
        File.Delete(_owner);
        _stream.Dispose();
    }

    private static string Read(string owner)
    {
        try
        {
            return File.ReadAllText(owner);
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
