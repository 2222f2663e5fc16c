namespace LatentDiffusion.Samples;

/// <summary>Checks that results can be written, before they are computed.</summary>
internal static class OutputPath
{
    private static readonly string[] s_extensions = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>Checks the path of an image file: PNG, JPEG or WebP. Its folder may be missing.</summary>
    /// <exception cref="ArgumentException">The path is empty, or that of another type of file.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void RequireImage(string path)
    {
        if (path.Length == 0) throw new ArgumentException("The path of the image is empty; expected a file such as image.png.");
        string full = Path.GetFullPath(path);
        if (Path.GetExtension(full) is { Length: > 0 } extension && !s_extensions.Contains(extension, StringComparer.OrdinalIgnoreCase))
            throw new ArgumentException($"'{path}' ends with {extension}; expected .png, .jpg, .jpeg or .webp.");
        if (Directory.Exists(full) || Path.EndsInDirectorySeparator(path))
            throw new IOException($"'{path}' is a folder; expected the path of a file.");
        if (!File.Exists(full))
        {
            RequireFolder(Path.GetDirectoryName(full)!);
            return;
        }

        // A pipe has no length. Its reader would take this brief opening for the whole output.
        FileSystemInfo target = File.ResolveLinkTarget(full, returnFinalTarget: true) ?? new FileInfo(full);
        if (target is FileInfo { Length: > 0 }) Try(path, () => File.OpenWrite(full).Dispose());
    }

    /// <summary>Checks the path of a folder, which may be missing.</summary>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="IOException">It cannot be made, or nothing can be written to it.</exception>
    public static void RequireFolder(string path)
    {
        if (path.Length == 0) throw new ArgumentException("The path of the folder is empty; expected one such as 'runs'.");
        string existing = Path.GetFullPath(path);
        while (!Path.Exists(existing)) existing = Path.GetDirectoryName(existing)!;
        if (!Directory.Exists(existing)) throw new IOException($"'{path}' cannot be a folder: '{existing}' is a file.");
        string probe = Path.Combine(existing, Path.GetRandomFileName());
        Try(path, Write);

        void Write() => new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
    }

    private static void Try(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"'{path}' cannot be written: {e.Message}", e);
        }
    }
}
