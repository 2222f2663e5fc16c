using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>Images with captions in text files next to them: <c>cat.png</c> and <c>cat.txt</c>, or <c>cat.caption</c>.</summary>
internal static class CaptionFiles
{
    public const string CaptionExtension = ".txt";

    // A longer text is not a caption.
    private const long MaximumLength = 1 << 20;

    private static readonly string[] s_captionExtensions = [CaptionExtension, ".caption"];

    /// <summary>The images of a folder with their captions, or the default caption.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="images">Its images.</param>
    /// <param name="options">How captions are read.</param>
    /// <param name="logger">Receives how many files have several captions.</param>
    /// <exception cref="InvalidDataException">
    /// An image has no caption and no default is set, or a caption cannot be read and unreadable images are not skipped.
    /// </exception>
    public static FolderEntry[] Read(DatasetFolder folder, DatasetFile[] images, ImageFolderOptions options, ILogger? logger)
    {
        (DatasetFile Image, DatasetFile? Caption)[] pairs = [.. images.Select(i => (i, FindCaptionFile(folder, i)))];
        string[] bare = [.. pairs.Where(p => p.Caption is null).Select(p => p.Image.Name)];
        if (bare.Length > 0 && options.DefaultCaption is null)
            throw new InvalidDataException(
                $"'{folder.Root}' has no {FolderMetadata.JsonLines} or {FolderMetadata.Csv}, and {bare.Length} of its {images.Length} "
                + $"images have no caption file ({string.Join(" or ", s_captionExtensions)}) next to them: {LeftOut.Names(bare)}. "
                + $"Add them, or set {nameof(ImageFolderOptions)}.{nameof(ImageFolderOptions.DefaultCaption)}.");
        FolderEntry[] entries = [.. pairs.Select(p => Entry(p.Image, p.Caption, options))];
        // The file does not say whether its lines are several captions or one.
        FolderEntry[] several = [.. entries.Where(e => e.Captions.Count > 1)];
        if (several.Length > 0)
            logger?.LogWarning(
                "{Folder}: the caption files of {Count} images have several lines ({Names}). Each line is a separate caption, one of "
                + "which is taken each epoch; {Option} = false takes the whole file as one.",
                folder.Root, several.Length, LeftOut.Names([.. several.Select(e => e.Name)]),
                $"{nameof(ImageFolderOptions)}.{nameof(ImageFolderOptions.CaptionPerLine)}");
        return entries;
    }

    /// <summary>The caption file next to an image.</summary>
    public static DatasetFile? FindCaptionFile(DatasetFolder folder, DatasetFile image) => s_captionExtensions
        .Select(extension => folder.Find(Path.ChangeExtension(image.Name, extension)))
        .FirstOrDefault(f => f is not null);

    private static FolderEntry Entry(DatasetFile image, DatasetFile? caption, ImageFolderOptions options)
    {
        if (caption is not { } file) return new FolderEntry(image.Path, image.Name, [options.DefaultCaption!]);
        try
        {
            string text = DatasetText.Read(file.Path, MaximumLength).Trim();
            string[] lines = options.CaptionPerLine
                ? text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                : [text];
            return new FolderEntry(image.Path, image.Name, lines.Length > 0 ? lines : [""]);
        }
        catch (Exception e) when (options.UnreadableImageHandling == UnreadableImageHandling.Skip
            && e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return new FolderEntry(image.Path, image.Name, [""], e.Message);
        }
    }
}
