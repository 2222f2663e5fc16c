using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>
/// A folder of pictures with <c>metadata.jsonl</c> or <c>metadata.csv</c> (<c>file_name</c>, <c>text</c>), in the folder or
/// in its subfolders, as Hugging Face's <c>imagefolder</c> has them; or, without metadata, with a caption file beside each
/// picture (<c>cat.png</c>, <c>cat.txt</c>). Captions are held in memory, pictures are read when asked for.
/// </summary>
/// <remarks>Metadata rows keep their order; caption files are ordered by the ordinal order of paths. Paths in metadata may not leave its folder.</remarks>
public sealed class ImageFolderSource : StoredImages
{
    private const int NamedInMessages = 5;

    private readonly FolderEntry[] _entries;

    private ImageFolderSource(FolderEntry[] entries, ImageFolderOptions options, ILogger? logger) : base(options, logger) => _entries = entries;

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder, or the metadata file itself.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <param name="logger">Told of pictures that are left out; null for nobody.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">There is no such metadata file, or pictures that it lists are missing and not to be skipped.</exception>
    /// <exception cref="InvalidDataException">There are no pictures, a metadata file cannot be read, or a caption is missing; the message says where.</exception>
    public static ImageFolderSource Open(string path, ImageFolderOptions? options = null, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ImageFolderOptions();
        FolderEntry[] entries = Directory.Exists(path) ? Folder(path, options) : Metadata(path, options);
        if (options.OnUnreadable == OnUnreadable.Refuse) RequireFiles(path, entries);
        var source = new ImageFolderSource(entries, options, logger);
        source.Inspect();
        return source;
    }

    private protected override long Rows => _entries.LongLength;

    private protected override string Name(long row) => _entries[row].Name;

    private protected override string Caption(long row) => _entries[row].Caption;

    private protected override byte[] Bytes(long row) => File.ReadAllBytes(_entries[row].Path);

    private static FolderEntry[] Folder(string folder, ImageFolderOptions options)
    {
        IReadOnlyList<string> metadata = FolderMetadata.Find(folder);
        if (metadata.Count > 0)
        {
            FolderEntry[] listed = [.. metadata.SelectMany(file => FolderMetadata.Read(file, folder, options))];
            return listed.Length > 0 ? listed : throw new InvalidDataException($"{string.Join(", ", metadata)} lists no picture.");
        }

        string[] pictures = CaptionFiles.Pictures(folder);
        return pictures.Length > 0
            ? [.. CaptionFiles.Read(folder, pictures, options)]
            : throw new InvalidDataException(
                $"'{Path.GetFullPath(folder)}' holds no data set: looked for {FolderMetadata.JsonLines} and {FolderMetadata.Csv}, here and in subfolders, "
                + $"and for pictures ({string.Join(", ", CaptionFiles.PictureExtensions)}) with {CaptionFiles.CaptionExtension} files beside them.");
    }

    private static FolderEntry[] Metadata(string file, ImageFolderOptions options)
    {
        if (Path.GetExtension(file).ToLowerInvariant() is not (".jsonl" or ".csv"))
            throw new DirectoryNotFoundException($"There is no folder '{Path.GetFullPath(file)}'.");
        if (!File.Exists(file)) throw new FileNotFoundException($"There is no metadata file '{Path.GetFullPath(file)}'.", file);
        FolderEntry[] listed = [.. FolderMetadata.Read(file, Path.GetDirectoryName(Path.GetFullPath(file))!, options)];
        return listed.Length > 0 ? listed : throw new InvalidDataException($"{file} lists no picture.");
    }

    private static void RequireFiles(string path, FolderEntry[] entries)
    {
        FolderEntry[] missing = [.. entries.Where(e => !File.Exists(e.Path))];
        if (missing.Length == 0) return;
        string names = string.Join(", ", missing.Take(NamedInMessages).Select(e => e.Name)) + (missing.Length > NamedInMessages ? ", …" : "");
        throw new FileNotFoundException($"{missing.Length} of the {entries.Length} pictures that '{path}' lists are not there: {names}.", missing[0].Path);
    }
}
