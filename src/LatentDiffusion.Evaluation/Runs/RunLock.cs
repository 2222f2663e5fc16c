namespace LatentDiffusion.Evaluation;

/// <summary>
/// Restricts a run folder to one process with a file that is open without sharing. The operating system releases it however the
/// process ends. A second file names the owner, because the first cannot be read while it is locked.
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
        // Derived exceptions have other causes: the folder is gone, or the path is too long.
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw new RunFolderInUseException(folder, Read(owner));
        }

        string program = Path.GetFileNameWithoutExtension(Environment.ProcessPath) ?? "";
        AtomicFile.Write(owner, $"process {Environment.ProcessId} ({program}) on {Environment.MachineName}");
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
