namespace LatentDiffusion.Data;

/// <summary>Pictures with their captions in text files beside them: <c>cat.png</c> and <c>cat.txt</c>.</summary>
internal static class CaptionFiles
{
    public const string CaptionExtension = ".txt";

    public static readonly string[] PictureExtensions = [".png", ".jpg", ".jpeg", ".webp"];

    private const int NamedInMessages = 5;

    /// <summary>All pictures below a folder, in the order of their names.</summary>
    public static string[] Pictures(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => PictureExtensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal)];

    /// <exception cref="InvalidDataException">A picture has no caption, and there is no default.</exception>
    public static IEnumerable<FolderEntry> Read(string folder, string[] pictures, ImageFolderOptions options)
    {
        string[] bare = [.. pictures.Where(p => !File.Exists(Path.ChangeExtension(p, CaptionExtension)))];
        if (bare.Length > 0 && options.DefaultCaption is null)
        {
            string names = string.Join(", ", bare.Take(NamedInMessages).Select(Name)) + (bare.Length > NamedInMessages ? ", …" : "");
            throw new InvalidDataException(
                $"'{folder}' has no {FolderMetadata.JsonLines} or {FolderMetadata.Csv}, and {bare.Length} of its {pictures.Length} pictures have no caption file ({CaptionExtension}) beside them: "
                + $"{names}. Add them, or set {nameof(ImageFolderOptions)}.{nameof(ImageFolderOptions.DefaultCaption)}.");
        }

        foreach (string picture in pictures)
        {
            string caption = Path.ChangeExtension(picture, CaptionExtension);
            yield return new FolderEntry(picture, Name(picture), File.Exists(caption) ? File.ReadAllText(caption).Trim() : options.DefaultCaption!);
        }

        string Name(string picture) => Path.GetRelativePath(folder, picture).Replace('\\', '/');
    }
}
