using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;

namespace LatentDiffusion.Files;

/// <summary>
/// A temporary file that becomes its target: <c>name.‹32 hexadecimal digits›.tmp</c> next to it. The writer holds it open until it
/// is renamed, and the operating system releases that handle however the process ends. A temporary file that no process holds
/// was therefore left by a killed process, and the next writer of the same target removes it.
/// </summary>
internal sealed class UnfinishedFile : IDisposable
{
    private const string Suffix = ".tmp";
    private const int Digits = 32, Attempts = 16;

    private readonly string _target, _path;
    private readonly SafeFileHandle _hold;

    /// <summary>Creates an empty unfinished file.</summary>
    /// <param name="target">The final path; its folder exists.</param>
    public UnfinishedFile(string target)
    {
        _target = target;
        for (int attempt = 1; ; attempt++)
        {
            _path = $"{target}.{Guid.NewGuid():N}{Suffix}";
            try
            {
                File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, Sharing).Dispose();
                // For reading, because network file systems then grant a lock that readers of the finished file can share.
                _hold = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, Sharing);
                if (File.Exists(_path)) return;
                _hold.Dispose();
            }
            catch (IOException e) when (attempt < Attempts && e is not DirectoryNotFoundException)
            {
                // Another writer of the same target removed the file as abandoned before it was held; creating and locking it
                // are two steps, so that can happen within either call.
            }
        }
    }

    // Deletion is shared because Windows renames only open files that allow it.
    private static FileShare Sharing => FileShare.ReadWrite | FileShare.Delete;

    /// <summary>Opens the file for its content.</summary>
    public FileStream OpenWrite(int bufferSize) => new(_path, FileMode.Open, FileAccess.Write, Sharing, bufferSize);

    /// <summary>Renames the file to its target, replacing an existing file.</summary>
    public void Publish() => File.Move(_path, _target, overwrite: true);

    /// <summary>Removes the file unless it was published.</summary>
    public void Dispose()
    {
        File.Delete(_path);
        _hold.Dispose();
    }

    /// <summary>
    /// Removes temporary files that killed processes left for a target; files that a live writer holds stay. In a folder of more
    /// than a thousand entries this happens at the first write of a process, and then occasionally.
    /// </summary>
    public static void RemoveAbandoned(string target)
    {
        string full = Path.GetFullPath(target), name = Path.GetFileName(full), folder = Path.GetDirectoryName(full) ?? full;
        if (ListingPace.IsDue(folder)) ListingPace.Listed(folder, RemoveAbandoned(folder, file => file.SequenceEqual(name)));
    }

    /// <summary>Removes temporary files that killed processes left for several targets in a folder.</summary>
    /// <param name="folder">The folder; does nothing if it does not exist.</param>
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
                if (!IsAbandoned(path)) continue;
                new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process holds it, has just removed it, or owns it.
            }
        }

        return entries;
    }

    /// <summary>Whether a name is that of a target.</summary>
    public delegate bool TargetName(ReadOnlySpan<char> name);

    /// <summary>
    /// Whether no process holds a file. On file systems without locks, which a second exclusive open reveals, every file counts as
    /// held.
    /// </summary>
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
