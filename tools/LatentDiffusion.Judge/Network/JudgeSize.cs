using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>The file in a judge's folder with the size of the images that it reads.</summary>
internal static class JudgeSize
{
    /// <summary>The size of a judge that was trained before the file existed, and the default.</summary>
    public const int Default = 128;

    /// <summary>The smallest size that the network's five halvings leave enough of.</summary>
    public const int Smallest = 64;

    private const string File = "size.txt";

    /// <summary>Records the size in the folder, which is created if it does not exist.</summary>
    /// <exception cref="InvalidDataException">The folder has a judge of another size.</exception>
    public static void Write(string folder, int size)
    {
        bool begun = Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();
        if (!begun)
        {
            string path = Path.Combine(Directory.CreateDirectory(folder).FullName, File);
            AtomicFile.Write(path, size.ToString(CultureInfo.InvariantCulture));
        }

        if (Read(folder) != size)
        {
            throw new InvalidDataException(
                $"'{folder}' has a judge of {Read(folder)} pixels; expected {size}. Remove the folder, or use another.");
        }
    }

    /// <summary>Reads the size.</summary>
    /// <exception cref="InvalidDataException">The file does not contain a size.</exception>
    public static int Read(string folder)
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path)) return Default;
        string text = System.IO.File.ReadAllText(path);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size >= Smallest
            ? size
            : throw new InvalidDataException($"'{path}' is '{text}'; expected a size in pixels, at least {Smallest}.");
    }
}
