using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>Opens data sets of whichever kind they are.</summary>
public static class CaptionedImages
{
    /// <summary>
    /// Opens a data set by its path: a folder with metadata or caption files (<see cref="ImageFolderSource"/>), a metadata
    /// file, a <c>.parquet</c> file, a pattern of such, or a folder of them (<see cref="ParquetSource"/>).
    /// </summary>
    /// <param name="path">The folder, file or pattern.</param>
    /// <param name="options">
    /// What holds for both kinds, or <see cref="ImageFolderOptions"/> or <see cref="ParquetSourceOptions"/> where the kind is
    /// known; null for the defaults.
    /// </param>
    /// <param name="logger">Told of pictures that are left out; null for nobody.</param>
    /// <exception cref="FileNotFoundException">There is nothing at the path, or pictures are missing.</exception>
    /// <exception cref="InvalidDataException">It is no data set, or could be two; the message says what was looked for.</exception>
    /// <exception cref="ArgumentException">The options are those of the other kind.</exception>
    public static StoredImages Open(string path, StoredImagesOptions? options = null, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new StoredImagesOptions();
        return IsParquet(path)
            ? ParquetSource.Open(path, options switch
            {
                ParquetSourceOptions own => own,
                ImageFolderOptions => throw OtherKind(path, "Parquet", options),
                _ => new ParquetSourceOptions { CaptionColumn = options.CaptionColumn, OnUnreadable = options.OnUnreadable, Codec = options.Codec },
            }, logger)
            : ImageFolderSource.Open(path, options switch
            {
                ImageFolderOptions own => own,
                ParquetSourceOptions => throw OtherKind(path, "a folder of pictures", options),
                _ => new ImageFolderOptions { CaptionColumn = options.CaptionColumn, OnUnreadable = options.OnUnreadable, Codec = options.Codec },
            }, logger);
    }

    private static bool IsParquet(string path)
    {
        if (!Directory.Exists(path))
        {
            string extension = Path.GetExtension(path).ToLowerInvariant();
            if (extension == ".parquet") return true;
            if (extension is not (".jsonl" or ".csv"))
                throw new FileNotFoundException($"There is no data set '{Path.GetFullPath(path)}': a folder, metadata.jsonl, metadata.csv or *.parquet was expected.", path);
            return false;
        }

        IReadOnlyList<string> metadata = FolderMetadata.Find(path);
        string[] tables = ParquetSource.Files(path);
        if (metadata.Count > 0 && tables.Length > 0)
            throw new InvalidDataException($"'{path}' holds {metadata[0]} and {tables[0]}: open the one that is meant by its path.");
        if (metadata.Count > 0 || tables.Length > 0) return tables.Length > 0;
        if (CaptionFiles.Pictures(path).Length > 0) return false;
        throw new InvalidDataException(
            $"'{Path.GetFullPath(path)}' holds no data set: looked, here and in subfolders, for {FolderMetadata.JsonLines} and {FolderMetadata.Csv}, for *.parquet, "
            + $"and for pictures ({string.Join(", ", CaptionFiles.PictureExtensions)}) with {CaptionFiles.CaptionExtension} files beside them.");
    }

    private static ArgumentException OtherKind(string path, string kind, StoredImagesOptions options) =>
        new($"'{path}' is {kind}, and {options.GetType().Name} are options of the other kind.", nameof(options));
}
