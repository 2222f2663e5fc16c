namespace LatentDiffusion.Data;

/// <summary>Length and modification time of a file, by which changes are detected.</summary>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Modified">When it was last written, in ticks of UTC.</param>
internal readonly record struct FileStamp(long Length, long Modified)
{
    /// <summary>The stamp of a file, following links; null if it does not exist.</summary>
    public static FileStamp? FromFile(string path)
    {
        FileSystemInfo file = new FileInfo(path);
        try
        {
            if (file.LinkTarget is not null) file = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        }
        catch (IOException)
        {
            return null;
        }

        return file is FileInfo { Exists: true } found ? new FileStamp(found.Length, found.LastWriteTimeUtc.Ticks) : null;
    }
}
