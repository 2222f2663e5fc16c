using System.Formats.Tar;

namespace LatentDiffusion.Runtime;

/// <summary>
/// Distinguishes files from pipes, sockets and devices. Opening a pipe waits for its writer, and some devices never end.
/// </summary>
internal static class RegularFile
{
    private const int TypeFlag = 156;

    /// <summary>Whether a path leads to a regular file, following links. Opens only regular files.</summary>
    public static bool Is(string path)
    {
        FileSystemInfo file = new FileInfo(path);
        try
        {
            if (file.LinkTarget is not null) file = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        }
        catch (IOException)
        {
            return false;
        }

        return file is FileInfo { Exists: true } existing && (existing.Length > 0 || IsRegularByType(existing.FullName));
    }

    /// <summary>All bytes of a regular file.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <param name="maximumLength">Maximum number of bytes.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">It is a pipe, a socket or a device, or too long.</exception>
    public static byte[] Read(string path, long maximumLength = int.MaxValue)
    {
        if (File.Exists(path) && !Is(path)) throw new InvalidDataException($"'{path}' is not a regular file.");
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (file.Length > maximumLength)
            throw new InvalidDataException($"'{path}' has {file.Length} bytes; at most {maximumLength} are read.");
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    // Pipes, sockets, devices and empty files have no length. The only public way in .NET to the type of a file is to describe it
    // for an archive.
    private static bool IsRegularByType(string path)
    {
        if (OperatingSystem.IsWindows()) return true;
        try
        {
            using var header = new MemoryStream();
            using (var tar = new TarWriter(header, TarEntryFormat.Ustar, leaveOpen: true)) tar.WriteEntry(path, "file");
            return header.GetBuffer()[TypeFlag] == (byte)TarEntryType.RegularFile;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
