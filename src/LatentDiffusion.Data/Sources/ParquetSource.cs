using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>
/// Parquet files with a column of encoded images (binary, or Hugging Face's struct of <c>bytes</c> and <c>path</c>) and a column
/// of captions. Row groups are read on demand and cached up to <see cref="ParquetSourceOptions.MemoryBudget"/>.
/// </summary>
/// <remarks>
/// Rows keep their order; files are in the ordinal order of their paths. A row without an image counts as unreadable; a row
/// without a caption has the empty one.
/// </remarks>
public sealed class ParquetSource : StoredImages
{
    internal const string Extension = ".parquet";

    // Captions are small compared with images. They have a separate budget, so that listing them does not evict images.
    private const long CaptionBudgetDivisor = 8;

    private readonly ParquetTable[] _tables;
    private readonly (int Table, int Group)[] _groups;

    // The first row of each row group, followed by the number of all rows.
    private readonly long[] _starts;
    private readonly LruCache<int, byte[][]> _images;
    private readonly LruCache<int, string[][]> _captions;

    // Damaged row groups by column, so that each is tried once and not once per row.
    private readonly ConcurrentDictionary<(object Column, int Group), string> _damaged = new();

    private ParquetSource(ParquetTable[] tables, ParquetSourceOptions options, ILogger? logger) : base(options, logger)
    {
        (_tables, Layout) = (tables, $"column {options.ImageColumn}");
        _groups = [.. tables.SelectMany((table, t) => table.GroupRows.Select((_, g) => (t, g)))];
        _starts = new long[_groups.Length + 1];
        for (int i = 0; i < _groups.Length; i++) _starts[i + 1] = _starts[i] + tables[_groups[i].Table].GroupRows[_groups[i].Group];
        _images = new(
            options.MemoryBudget,
            i => tables[_groups[i].Table].Images(_groups[i].Group),
            images => images.Sum(image => (long)image.Length));
        _captions = new(
            options.MemoryBudget / CaptionBudgetDivisor,
            i => tables[_groups[i].Table].Captions(_groups[i].Group),
            captions => captions.Sum(c => c.Sum(text => (long)text.Length * sizeof(char))));
    }

    /// <summary>Opens a file, a pattern such as <c>data/train-*.parquet</c>, or all <c>*.parquet</c> files below a folder.</summary>
    /// <param name="path">The file, pattern or folder.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <param name="logger">Receives which images and files are left out; null for none.</param>
    /// <param name="progress">Receives the number of images inspected, if images are left out by content or size.</param>
    /// <param name="cancellationToken">Stops the inspection.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, lacks a column or has no rows; the message names it and the columns that it has.
    /// </exception>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    public static ParquetSource Open(
        string path, ParquetSourceOptions? options = null, ILogger? logger = null, IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ParquetSourceOptions();
        if (Directory.Exists(path))
            return Open(path, DatasetFolder.Scan(path, options.FollowExternalLinks), options, logger, progress, cancellationToken);
        DatasetFile[] files = Matches(path);
        return files.Length > 0
            ? Open(path, files, new LeftOut(), options, logger, progress, cancellationToken)
            : throw new FileNotFoundException(
                $"The Parquet file '{Path.GetFullPath(path)}' does not exist; as a pattern it does not match a file either.", path);
    }

    /// <summary>Opens several files as one data set.</summary>
    /// <param name="files">Their paths, at least one, in the order wanted.</param>
    /// <param name="options">How they are read; null for the defaults.</param>
    /// <param name="logger">Receives which images and files are left out; null for none.</param>
    /// <param name="progress">Receives the number of images inspected, if images are left out by content or size.</param>
    /// <param name="cancellationToken">Stops the inspection.</param>
    /// <inheritdoc cref="Open(string, ParquetSourceOptions?, ILogger?, IProgress{long}?, CancellationToken)" path="/exception"/>
    public static ParquetSource Open(
        IReadOnlyList<string> files, ParquetSourceOptions? options = null, ILogger? logger = null, IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (files.Count == 0) throw new ArgumentException("At least one Parquet file is needed.", nameof(files));
        DatasetFile[] named = [.. files.Select(Named)];
        return Open(LeftOut.Names(files), named, new LeftOut(), options ?? new ParquetSourceOptions(), logger, progress, cancellationToken);
    }

    internal static ParquetSource Open(
        string path, DatasetFolder folder, ParquetSourceOptions options, ILogger? logger, IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        DatasetFile[] files = Tables(folder);
        return files.Length > 0
            ? Open(path, files, folder.LeftOut, options, logger, progress, cancellationToken)
            : throw new FileNotFoundException($"The folder '{folder.Root}' and the folders in it do not contain a Parquet file.", path);
    }

    /// <summary>The Parquet files of a folder.</summary>
    internal static DatasetFile[] Tables(DatasetFolder folder) => [.. folder.Files.Where(f => f.Extension == Extension)];

    private static ParquetSource Open(
        string path, DatasetFile[] files, LeftOut leftOut, ParquetSourceOptions options, ILogger? logger, IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        ValidOptions.Check(options);
        var tables = new List<ParquetTable>();
        foreach (DatasetFile file in files)
        {
            try
            {
                tables.Add(new ParquetTable(file, options));
            }
            catch (InvalidDataException e) when (options.UnreadableImageHandling == UnreadableImageHandling.Skip && files.Length > 1)
            {
                leftOut.Add($"that cannot be read: {e.Message}", file.Name);
            }
        }

        if (tables.Count == 0)
            throw new InvalidDataException($"None of the {files.Length} Parquet files of '{path}' can be read. {leftOut}");
        var source = new ParquetSource([.. tables], options, logger);
        if (source.Rows == 0)
            throw new InvalidDataException($"{LeftOut.Names([.. files.Select(f => f.Path)])} does not contain any rows.");
        source.Inspect(path, leftOut, progress, cancellationToken);
        return source;
    }

    /// <summary>The files that match a path or pattern; empty for none.</summary>
    private static DatasetFile[] Matches(string path)
    {
        if (File.Exists(path)) return [Named(path)];
        string name = Path.GetFileName(path), folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
        return name.IndexOfAny(['*', '?']) >= 0 && Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, name).Where(RegularFile.Is).Order(StringComparer.Ordinal).Select(Named)]
            : [];
    }

    private static DatasetFile Named(string path) => new(path, Path.GetFileName(path));

    /// <summary>Bytes of encoded images in memory.</summary>
    internal long BytesInMemory => _images.Total;

    private protected override long Rows => _starts[^1];

    private protected override string Layout { get; }

    private protected override string Name(long row)
    {
        (int group, long within) = Find(row);
        (int table, int first) = _groups[group];
        return $"{_tables[table].Name}[{_tables[table].GroupRows.Take(first).Sum() + within}]";
    }

    private protected override string FileName(long row) => _tables[_groups[Find(row).Group].Table].Name;

    private protected override IReadOnlyList<string> Captions(long row)
    {
        (int group, long within) = Find(row);
        string[] captions = Group(_captions, group)[within];
        // The library decodes bytes that are not UTF-8 to this character.
        return Array.Exists(captions, c => c.Contains('\uFFFD', StringComparison.Ordinal))
            ? throw new InvalidDataException($"'{Name(row)}': the caption is not valid UTF-8.")
            : captions;
    }

    private protected override byte[] Bytes(long row)
    {
        (int group, long within) = Find(row);
        byte[] bytes = Group(_images, group)[within];
        return bytes.Length > 0 ? bytes : throw new InvalidDataException("the row does not contain an image.");
    }

    private protected override FileStamp? Stamp(long row) => _tables[_groups[Find(row).Group].Table].Stamp;

    private T Group<T>(LruCache<int, T> column, int group)
    {
        if (_damaged.TryGetValue((column, group), out string? reason)) throw new InvalidDataException(reason);
        try
        {
            return column.Get(group);
        }
        catch (InvalidDataException e)
        {
            _damaged[(column, group)] = e.Message;
            throw;
        }
    }

    private (int Group, long Within) Find(long row)
    {
        // The last row group that begins at or before the row; empty ones begin where the next does.
        int low = 0, high = _groups.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_starts[middle] <= row) low = middle;
            else high = middle - 1;
        }

        return (low, row - _starts[low]);
    }
}
