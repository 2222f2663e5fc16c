using System.Text;

namespace LatentDiffusion.Checkpoints;

/// <summary>Recognises files that a failed download leaves in place of a model's file.</summary>
internal static class FailedDownload
{
    private const int Needed = 256;

    private const string Again = "download the file itself again";

    /// <summary>Describes a file by its first bytes.</summary>
    /// <returns>The problem and its remedy; null for a file that may be a model's.</returns>
    public static string? Describe(ReadOnlySpan<byte> start)
    {
        string text = Encoding.Latin1.GetString(start[..Math.Min(start.Length, Needed)])
            .TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        if (Begins("version https://git-lfs.github.com/spec/"))
            return "it is a Git LFS pointer and not the file: run 'git lfs pull', or " + Again + ".";
        if (Begins("<!doctype html") || Begins("<html") || Begins("<head"))
            return "it is an HTML page, which a server sent in place of the file: " + Again + ".";
        if (Begins("<?xml")) return "it is an XML document, which a server sent in place of the file: " + Again + ".";
        if (Begins("Entry not found") || Begins("Invalid username or password") || Begins("Access to model")
            || Begins("Invalid credentials") || Begins("Repository not found") || Begins("404: Not Found") || Begins("{\"error\":"))
            return "it is a server's error message and not the file: " + Again + ".";
        return null;

        bool Begins(string with) => text.StartsWith(with, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Refuses a weights file that is such a remainder.</summary>
    /// <exception cref="CheckpointException">It is one; the message says of which kind.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static void ThrowIf(string path)
    {
        Span<byte> start = stackalloc byte[Needed];
        using (FileStream stream = File.OpenRead(path)) start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (Describe(start) is { } problem) throw new CheckpointException(path, problem);
    }
}
