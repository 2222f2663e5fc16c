using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;

namespace LatentDiffusion.Files;

/// <summary>
/// A file on its way to its name: <c>name.‹32 hexadecimal digits›.tmp</c> next to it. The writer holds it open until it has
/// its name, and the operating system releases that hold however the process ends. Thus an unfinished file that nobody
/// holds was left by a killed process, and the next writer of the same name removes it.
/// </summary>
internal sealed class UnfinishedFile : IDisposable
{
    private const string Suffix = ".tmp";
    private const int Digits = 32, Attempts = 16;

    private readonly string _target, _path;
    private readonly SafeFileHandle _hold;

    /// <summary>Creates an empty unfinished file.</summary>
    /// <param name="target">The name that it gets when it is complete; its folder exists.</param>
    public UnfinishedFile(string target)
    {
        _target = target;
        for (int attempt = 1; ; attempt++)
        {
            _path = $"{target}.{Guid.NewGuid():N}{Suffix}";
            try
            {
                File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, Sharing).Dispose();
                // For reading: only then do network file systems grant the lock that readers of the finished file share.
                _hold = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, Sharing);
                if (File.Exists(_path)) return;
                _hold.Dispose();
            }
            catch (IOException e) when (attempt < Attempts && e is not DirectoryNotFoundException)
            {
                // Another writer of the same target took the file for abandoned before it was held; creating it and
                // locking it are two steps, so that can happen within either call. That writer removes the file.
            }
        }
    }

    // Deletion is shared for Windows, which renames only those open files that allow it.
    private static FileShare Sharing => FileShare.ReadWrite | FileShare.Delete;

    /// <summary>Opens the file for its content.</summary>
    public FileStream OpenWrite(int bufferSize) => new(_path, FileMode.Open, FileAccess.Write, Sharing, bufferSize);

    /// <summary>Gives the file its name, in place of what was there.</summary>
    public void Publish() => File.Move(_path, _target, overwrite: true);

    /// <summary>Removes the file unless it has its name by now.</summary>
    public void Dispose()
    {
        File.Delete(_path);
        _hold.Dispose();
    }

    /// <summary>
    /// Removes what killed processes left of a target; files that a live writer holds stay. In a folder of more than a thousand
    /// entries this happens at the first write of a process, and then once in a while.
    /// </summary>
    public static void RemoveAbandoned(string target)
    {
        string full = Path.GetFullPath(target), name = Path.GetFileName(full), folder = Path.GetDirectoryName(full) ?? full;
        if (ListingPace.IsDue(folder)) ListingPace.Listed(folder, RemoveAbandoned(folder, file => file.SequenceEqual(name)));
    }

    /// <summary>Removes what killed processes left of several targets in a folder.</summary>
    /// <param name="folder">The folder; nothing happens where it is missing.</param>
    /// <param name="isTarget">Whether a name is that of a target.</param>
    /// <returns>Number of entries in the folder.</returns>
    public static int RemoveAbandoned(string folder, TargetName isTarget)
    {
        if (!Directory.Exists(folder)) return 0;
        int entries = 0;
        var unfinished = new FileSystemEnumerable<string>(folder, (ref entry) => entry.ToFullPath())
        {
            ShouldIncludePredicate = (ref entry) =>
            {
                entries++;
                return entry.FileName.EndsWith(Suffix, StringComparison.Ordinal) && !entry.IsDirectory;
            },
        };
        foreach (string path in unfinished)
        {
            ReadOnlySpan<char> file = Path.GetFileName(path.AsSpan());
            int end = file.Length - Suffix.Length - Digits - 1;
            if (end <= 0 || file[end] != '.' || !IsHexadecimal(file.Slice(end + 1, Digits)) || !isTarget(file[..end])) continue;
            try
            {
                if (IsAbandoned(path)) new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process holds it, has just removed it or owns it.
            }
        }

        return entries;
    }

    /// <summary>Whether a name is that of a target.</summary>
    public delegate bool TargetName(ReadOnlySpan<char> name);

    /// <summary>Whether nobody holds a file. Where the file system has no locks, which a second exclusive opening shows, everything counts as held.</summary>
    private static bool IsAbandoned(string path)
    {
        using SafeFileHandle exclusive = Exclusive();
        try
        {
            Exclusive().Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }

        SafeFileHandle Exclusive() => File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    private static bool IsHexadecimal(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
            if (!char.IsAsciiHexDigitLower(c)) return false;
        return true;
    }
}
