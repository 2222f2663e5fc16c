namespace LatentDiffusion.Hub;

/// <summary>
/// Excludes other processes and threads from one blob. The file is opened without sharing: on Linux and macOS that is an exclusive
/// flock(2), which filelock of Python takes on the same file; on Windows the file cannot be opened by others. The operating system
/// releases it however the process ends. The file stays, as those of Python do.
/// </summary>
internal sealed class HubLock : IDisposable
{
    private const int Rounds = 8;

    // EAGAIN of Linux and macOS; ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION of Windows.
    private const int LinuxHeld = 11, MacHeld = 35, WindowsShared = 32, WindowsLocked = 33;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly FileStream _file;

    private HubLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The file; its folder is created if missing.</param>
    /// <param name="waiting">Called once if another process has the lock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HubException">The file cannot be opened, or its file system has no locks.</exception>
    public static async Task<HubLock> AcquireAsync(string path, Action waiting, CancellationToken cancellationToken)
    {
        for (bool waited = false; ; waited = true)
        {
            if (TryAcquire(path) is { } acquired) return acquired;
            if (!waited) waiting();
            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _file.Dispose();

    private static HubLock? TryAcquire(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            FileStream? file = TryOpen(path);
            // A file that its last holder removed locks nothing. Then a second opening succeeds, and that is the one to check.
            for (int round = 0; file is not null && round < Rounds; round++)
            {
                FileStream? second = TryOpen(path);
                if (second is null) return new HubLock(file);
                file.Dispose();
                file = second;
            }

            if (file is null) return null;
            file.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"The lock '{path}' cannot be opened: {e.Message}", e);
        }

        throw new HubException($"The file system of '{path}' has no locks, which two downloads at once need; use another cache folder.");
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
    }

    private static bool IsHeld(IOException e) => OperatingSystem.IsWindows()
        ? (e.HResult & 0xFFFF) is WindowsShared or WindowsLocked
        : e.HResult == (OperatingSystem.IsMacOS() ? MacHeld : LinuxHeld);
}
