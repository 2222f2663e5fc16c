using System.Text;

namespace LatentDiffusion;

/// <summary>Writes a file so that its name never stands for half of it: beside, flushed to the disk, renamed over.</summary>
internal static class AtomicFile
{
    /// <summary>Creates or replaces a file.</summary>
    /// <param name="path">Path of the file; its folder exists.</param>
    /// <param name="write">Writes the content. Where it throws, what was at the path before is still there.</param>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string beside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>Creates or replaces a text file, in UTF-8.</summary>
    public static void Write(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
