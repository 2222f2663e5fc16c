namespace LatentDiffusion.Judge;

/// <summary>What the content of a folder follows from, written into it: what was made otherwise must not be taken for it.</summary>
internal static class FolderSettings
{
    private const string File = "settings.txt";

    /// <summary>Writes it into a folder in which nothing is yet.</summary>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="settings">All that the content follows from.</param>
    /// <param name="content">What the content is, for the message.</param>
    /// <exception cref="InvalidDataException">The folder's content follows from something else.</exception>
    public static void Check(string folder, string settings, string content)
    {
        string path = Path.Combine(Directory.CreateDirectory(folder).FullName, File);
        if (!Directory.EnumerateFileSystemEntries(folder).Any()) AtomicFile.Write(path, settings);
        string there = System.IO.File.Exists(path) ? System.IO.File.ReadAllText(path) : "nobody knows what";
        if (there != settings)
            throw new InvalidDataException($"'{folder}' has {content} of '{there}'; expected '{settings}'. Remove the folder, or name another.");
    }
}
