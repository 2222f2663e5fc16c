using System.Text;

namespace LatentDiffusion.Files;

/// <summary>
/// Writes a file so that its path never shows a partial file: to a temporary file next to it, which is flushed to the disk
/// and then renamed. All writers of the library use it. A symbolic link is followed: its target is replaced and the link
/// stays. Anything that is not a regular file (a device, a pipe) is written directly, because a file cannot replace it.
/// </summary>
public static class AtomicFile
{
    private const int BufferSize = 1 << 20;

    /// <summary>Creates or replaces a file. Removes temporary files that killed processes left for the same path.</summary>
    /// <param name="path">Path of the file. Its folder must exist.</param>
    /// <param name="write">Writes the content. If it throws, the previous file is unchanged.</param>
    /// <exception cref="IOException">The path is that of a folder, or the file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string target = RealPath.Resolve(path);
        if (Directory.Exists(target))
            throw new IOException($"'{MessageText.Truncate(path, 300)}' is a folder; expected the path of a file.");
        if (IsSpecial(target))
        {
            using var device = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, BufferSize);
            write(device);
            device.Flush(flushToDisk: true);
            return;
        }

        UnfinishedFile.RemoveAbandoned(target);
        using var unfinished = new UnfinishedFile(target);
        using (FileStream stream = unfinished.OpenWrite(BufferSize))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        unfinished.Publish();
    }

    /// <summary>Creates or replaces a text file in UTF-8, without a byte order mark.</summary>
    /// <param name="path">Path of the file. Its folder must exist.</param>
    /// <param name="text">The content.</param>
    /// <inheritdoc cref="Write(string, Action{Stream})" path="/exception"/>
    public static void Write(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
    }

    // The pipes of a process, which /dev/stdout may be, have links in /proc without an existing target.
    private static bool IsSpecial(string path) =>
        File.Exists(path) ? !RegularFile.Is(path) : OperatingSystem.IsLinux() && path.StartsWith("/proc/", StringComparison.Ordinal);
}
