namespace LatentDiffusion.Judge;

/// <summary>Records in a folder all that its content depends on, so that content of other settings is not taken for it.</summary>
internal static class FolderSettings
{
    private const string File = "settings.txt";

    /// <summary>Writes the settings into an empty folder; compares them otherwise.</summary>
    /// <param name="folder">The folder; created if it does not exist.</param>
    /// <param name="settings">All that the content depends on.</param>
    /// <param name="content">Name of the content, for the message.</param>
    /// <exception cref="InvalidDataException">The folder's content depends on other settings.</exception>
    public static void Check(string folder, string settings, string content)
    {
        string path = Path.Combine(Directory.CreateDirectory(folder).FullName, File);
        if (!Directory.EnumerateFileSystemEntries(folder).Any()) AtomicFile.Write(path, settings);
        string there = System.IO.File.Exists(path) ? System.IO.File.ReadAllText(path) : "unknown settings";
        if (there != settings)
        {
            throw new InvalidDataException(
                $"'{folder}' has {content} of '{there}'; expected '{settings}'. Remove the folder, or use another.");
        }
    }
}
