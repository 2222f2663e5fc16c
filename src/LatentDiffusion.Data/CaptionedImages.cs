using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>Opens data sets of any supported kind.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Data;
///
/// StoredImages images = CaptionedImages.Open("photos");
/// CaptionedImage first = images.Read(0);
/// Console.WriteLine($"{images.Count} images; the first has {first.Image.Width} x {first.Image.Height} pixels: {first.Caption}");
/// </code>
/// </example>
public static class CaptionedImages
{
    /// <summary>
    /// Opens a data set by its path: a folder with metadata or caption files (<see cref="ImageFolderSource"/>), a metadata
    /// file, a <c>.parquet</c> file, a pattern of Parquet files, or a folder of them (<see cref="ParquetSource"/>).
    /// </summary>
    /// <param name="path">The folder, file or pattern.</param>
    /// <param name="options">
    /// Options common to both kinds, or <see cref="ImageFolderOptions"/> or <see cref="ParquetSourceOptions"/> if the kind is
    /// known; null for the defaults.
    /// </param>
    /// <param name="logger">Receives which images and files are left out; null for none.</param>
    /// <param name="progress">Receives the number of images inspected, if images are left out by content or size.</param>
    /// <param name="cancellationToken">Stops the inspection.</param>
    /// <exception cref="FileNotFoundException">The path does not exist, or images are missing.</exception>
    /// <exception cref="InvalidDataException">It is not a data set, or could be two; the message says what was looked for.</exception>
    /// <exception cref="ArgumentException">The options are those of the other kind.</exception>
    public static StoredImages Open(
        string path, StoredImagesOptions? options = null, ILogger? logger = null, IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new StoredImagesOptions();
        if (!Directory.Exists(path))
        {
            string extension = Path.GetExtension(path).ToLowerInvariant();
            return extension == ParquetSource.Extension
                ? ParquetSource.Open(path, Parquet(path, options), logger, progress, cancellationToken)
                : extension is ".jsonl" or ".csv"
                ? ImageFolderSource.Open(path, Folder(path, options), logger, progress, cancellationToken)
                : throw new FileNotFoundException(
                    $"The data set '{Path.GetFullPath(path)}' does not exist; expected a folder, metadata.jsonl, metadata.csv "
                    + "or *.parquet.",
                    path);
        }

        DatasetFolder folder = DatasetFolder.Scan(path, options.FollowExternalLinks);
        return IsParquet(folder, options)
            ? ParquetSource.Open(path, folder, Parquet(path, options), logger, progress, cancellationToken)
            : ImageFolderSource.Open(path, folder, metadata: null, Folder(path, options), logger, progress, cancellationToken);
    }

    private static bool IsParquet(DatasetFolder folder, StoredImagesOptions options)
    {
        DatasetFile[] metadata = FolderMetadata.Find(folder), tables = ParquetSource.Tables(folder);
        if (metadata.Length > 0 && tables.Length > 0)
            throw new InvalidDataException(
                $"'{folder.Root}' holds {metadata[0].Path} and {tables[0].Path}: open the intended one by its path.");
        if (metadata.Length > 0 || tables.Length > 0) return tables.Length > 0;
        IImageCodec codec = options.CodecOrDefault;
        if (ImageFolderSource.Images(folder, codec).Length > 0) return false;
        throw new InvalidDataException(
            $"'{folder.Root}' does not hold a data set: looked, here and in subfolders, for {FolderMetadata.JsonLines} and "
            + $"{FolderMetadata.Csv}, for *{ParquetSource.Extension}, and for images ({string.Join(", ", codec.FileExtensions)}) "
            + $"with {CaptionFiles.CaptionExtension} files next to them.{ImageFolderSource.Others(folder, codec)}");
    }

    private static ParquetSourceOptions Parquet(string path, StoredImagesOptions options) => options switch
    {
        ParquetSourceOptions own => own,
        ImageFolderOptions => throw OtherKind(path, "Parquet", options),
        _ => new ParquetSourceOptions(options),
    };

    private static ImageFolderOptions Folder(string path, StoredImagesOptions options) => options switch
    {
        ImageFolderOptions own => own,
        ParquetSourceOptions => throw OtherKind(path, "a folder of images", options),
        _ => new ImageFolderOptions(options),
    };

    private static ArgumentException OtherKind(string path, string kind, StoredImagesOptions options) =>
        new($"'{path}' is {kind}, and {options.GetType().Name} are options of the other kind.", nameof(options));
}
