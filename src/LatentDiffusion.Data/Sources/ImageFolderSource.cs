using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>
/// A folder of images with <c>metadata.jsonl</c> or <c>metadata.csv</c> (<c>file_name</c>, <c>text</c>), in the folder or
/// in its subfolders, in the layout of Hugging Face's <c>imagefolder</c>; or, without metadata, with a caption file next to
/// each image (<c>cat.png</c>, <c>cat.txt</c>). Captions are held in memory, images are read on demand.
/// </summary>
/// <remarks>
/// Metadata rows keep their order; images with caption files are in the ordinal order of their paths. Paths in metadata may not
/// leave its folder. Hidden files and folders are left out.
/// </remarks>
public sealed class ImageFolderSource : StoredImages
{
    // Extensions of images, for folders with formats that the codec does not read.
    private static readonly HashSet<string> s_imageExtensions =
    [
        ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jxl", ".jp2",
        ".tga", ".ico", ".psd", ".svg", ".dng", ".cr2", ".nef",
    ];

    private readonly FolderEntry[] _entries;

    private ImageFolderSource(FolderEntry[] entries, ImageFolderOptions options, ILogger? logger) : base(options, logger) =>
        _entries = entries;

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder, or the metadata file itself.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <param name="logger">Receives which images and files are left out; null for none.</param>
    /// <param name="progress">Receives the number of images inspected, if images are left out by content or size.</param>
    /// <param name="cancellationToken">Stops the inspection.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="FileNotFoundException">
    /// The metadata file does not exist, or images that it lists are missing and unreadable images are not skipped.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// The folder does not contain images, a text cannot be read, or a caption is missing; the message says where.
    /// </exception>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    public static ImageFolderSource Open(
        string path, ImageFolderOptions? options = null, ILogger? logger = null, IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ImageFolderOptions();
        string? metadata = Directory.Exists(path) ? null : MetadataFile(path);
        DatasetFolder folder = DatasetFolder.Scan(
            metadata is null ? path : Path.GetDirectoryName(Path.GetFullPath(metadata))!, options.FollowExternalLinks);
        return Open(path, folder, metadata, options, logger, progress, cancellationToken);
    }

    internal static ImageFolderSource Open(
        string path, DatasetFolder folder, string? metadata, ImageFolderOptions options, ILogger? logger, IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        ValidOptions.Check(options);
        string[] files = metadata is null ? [.. FolderMetadata.Find(folder).Select(f => f.Path)] : [metadata];
        FolderEntry[] entries = files.Length > 0 ? Listed(folder, files, options) : Captioned(folder, options, logger);
        if (options.UnreadableImageHandling == UnreadableImageHandling.Refuse) RequireFiles(path, entries);
        var source = new ImageFolderSource(entries, options, logger);
        NoteOthers(folder, entries, options, listed: files.Length > 0);
        source.Inspect(path, folder.LeftOut, progress, cancellationToken);
        return source;
    }

    /// <summary>The files of a folder that a codec reads.</summary>
    internal static DatasetFile[] Images(DatasetFolder folder, IImageCodec codec) =>
        [.. folder.Files.Where(f => codec.FileExtensions.Contains(f.Extension))];

    private protected override long Rows => _entries.LongLength;

    private protected override string Layout => "files";

    private protected override string Name(long row) => _entries[row].Name;

    private protected override string FileName(long row) => _entries[row].Name;

    private protected override IReadOnlyList<string> Captions(long row) => _entries[row].Captions;

    private protected override byte[] Bytes(long row) => RegularFile.Read(_entries[row].Path);

    private protected override FileStamp? Stamp(long row) => FileStamp.FromFile(_entries[row].Path);

    private protected override string? KnownProblem(long row) => _entries[row].Problem;

    private static FolderEntry[] Listed(DatasetFolder folder, string[] metadata, ImageFolderOptions options)
    {
        FolderEntry[] listed = [.. metadata.SelectMany(file => FolderMetadata.Read(file, folder, options))];
        return listed.Length > 0 ? listed : throw new InvalidDataException($"{MessageText.List(metadata)} lists no image.");
    }

    private static FolderEntry[] Captioned(DatasetFolder folder, ImageFolderOptions options, ILogger? logger)
    {
        IImageCodec codec = options.CodecOrDefault;
        DatasetFile[] images = Images(folder, codec);
        return images.Length > 0
            ? CaptionFiles.Read(folder, images, options, logger)
            : throw new InvalidDataException(
                $"'{folder.Root}' does not hold a data set: looked for {FolderMetadata.JsonLines} and {FolderMetadata.Csv}, here and in "
                + $"subfolders, and for images ({string.Join(", ", codec.FileExtensions)}) with {CaptionFiles.CaptionExtension} files "
                + $"next to them.{Others(folder, codec)}");
    }

    /// <summary>Message about images of formats that the codec does not read; empty for none.</summary>
    internal static string Others(DatasetFolder folder, IImageCodec codec)
    {
        string[] others = [.. folder.Files.Where(f => IsForeign(f, codec)).Select(f => f.Name)];
        return (others.Length, folder.LeftOut.Count) switch
        {
            (0, 0) => "",
            (0, _) => $" Left out: {folder.LeftOut}.",
            _ => $" {others.Length} images are of formats that {codec.GetType().Name} does not read: {LeftOut.Names(others)}.",
        };
    }

    private static bool IsForeign(DatasetFile file, IImageCodec codec) =>
        s_imageExtensions.Contains(file.Extension) && !codec.FileExtensions.Contains(file.Extension);

    /// <summary>Records the images that are not part of the data set.</summary>
    private static void NoteOthers(DatasetFolder folder, FolderEntry[] entries, ImageFolderOptions options, bool listed)
    {
        IImageCodec codec = options.CodecOrDefault;
        HashSet<string> used = [.. entries.Select(e => e.Name)];
        foreach (DatasetFile file in folder.Files.Where(f => !used.Contains(f.Name)))
        {
            if (listed && (IsForeign(file, codec) || codec.FileExtensions.Contains(file.Extension)))
                folder.LeftOut.Add("not in the metadata", file.Name);
            else if (IsForeign(file, codec))
                folder.LeftOut.Add($"of formats that {codec.GetType().Name} does not read", file.Name);
        }
    }

    private static string MetadataFile(string file)
    {
        if (Path.GetExtension(file).ToLowerInvariant() is not (".jsonl" or ".csv"))
            throw new DirectoryNotFoundException($"The folder '{Path.GetFullPath(file)}' does not exist.");
        return File.Exists(file)
            ? file
            : throw new FileNotFoundException($"The metadata file '{Path.GetFullPath(file)}' does not exist.", file);
    }

    private static void RequireFiles(string path, FolderEntry[] entries)
    {
        FolderEntry[] missing = [.. entries.Where(e => !File.Exists(e.Path))];
        if (missing.Length == 0) return;
        throw new FileNotFoundException(
            $"{missing.Length} of the {entries.Length} images that '{path}' lists are missing: "
            + $"{LeftOut.Names([.. missing.Select(e => e.Name)])}.", missing[0].Path);
    }
}
