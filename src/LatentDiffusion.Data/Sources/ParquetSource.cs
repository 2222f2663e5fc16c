using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>
/// Parquet files with a column of encoded pictures (binary, or Hugging Face's struct of <c>bytes</c> and <c>path</c>) and
/// one of captions. Row groups are read when asked for and kept up to <see cref="ParquetSourceOptions.MemoryBudget"/>.
/// </summary>
/// <remarks>Rows keep their order, files the ordinal order of their paths. A row without picture counts as unreadable; one without caption has the empty one.</remarks>
public sealed class ParquetSource : StoredImages
{
    private const string Pattern = "*.parquet";

    // Captions are small beside pictures; they have a budget of their own, so that listing them evicts no picture.
    private const long CaptionShare = 8;

    private readonly ParquetTable[] _tables;
    private readonly (int Table, int Group)[] _groups;

    // Where each row group begins, and at the end the number of all rows.
    private readonly long[] _starts;
    private readonly RecentlyUsed<int, byte[][]> _images;
    private readonly RecentlyUsed<int, string[]> _captions;

    private ParquetSource(ParquetTable[] tables, ParquetSourceOptions options, ILogger? logger) : base(options, logger)
    {
        _tables = tables;
        _groups = [.. tables.SelectMany((table, t) => table.GroupRows.Select((_, g) => (t, g)))];
        _starts = new long[_groups.Length + 1];
        for (int i = 0; i < _groups.Length; i++) _starts[i + 1] = _starts[i] + tables[_groups[i].Table].GroupRows[_groups[i].Group];
        _images = new(options.MemoryBudget, i => tables[_groups[i].Table].Images(_groups[i].Group), images => images.Sum(image => (long)image.Length));
        _captions = new(options.MemoryBudget / CaptionShare, i => tables[_groups[i].Table].Captions(_groups[i].Group), captions => captions.Sum(c => (long)c.Length * sizeof(char)));
    }

    /// <summary>Opens a file, a pattern such as <c>data/train-*.parquet</c>, or all <c>*.parquet</c> files below a folder.</summary>
    /// <param name="path">The file, pattern or folder.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <param name="logger">Told of pictures that are left out; null for nobody.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, lacks a column or holds no row; the message names it and the columns that it has.</exception>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    public static ParquetSource Open(string path, ParquetSourceOptions? options = null, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string[] files = Files(path);
        return files.Length > 0
            ? Open(files, options, logger)
            : throw new FileNotFoundException($"There is no Parquet file '{Path.GetFullPath(path)}', and none below it.", path);
    }

    /// <summary>Opens several files as one data set.</summary>
    /// <param name="files">Their paths, at least one, in the order wanted.</param>
    /// <param name="options">How they are read; null for the defaults.</param>
    /// <param name="logger">Told of pictures that are left out; null for nobody.</param>
    /// <inheritdoc cref="Open(string, ParquetSourceOptions?, ILogger?)"/>
    public static ParquetSource Open(IReadOnlyList<string> files, ParquetSourceOptions? options = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (files.Count == 0) throw new ArgumentException("At least one Parquet file is needed.", nameof(files));
        options ??= new ParquetSourceOptions();
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        var source = new ParquetSource([.. files.Select(f => new ParquetTable(f, options))], options, logger);
        if (source.Rows == 0) throw new InvalidDataException($"{string.Join(", ", files)} holds no row.");
        source.Inspect();
        return source;
    }

    /// <summary>The files that a path stands for; empty for none.</summary>
    internal static string[] Files(string path)
    {
        if (File.Exists(path)) return [path];
        if (Directory.Exists(path)) return [.. Directory.EnumerateFiles(path, Pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        string name = Path.GetFileName(path), folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
        return name.IndexOfAny(['*', '?']) >= 0 && Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, name).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>Bytes of encoded pictures in memory.</summary>
    internal long BytesInMemory => _images.Total;

    private protected override long Rows => _starts[^1];

    private protected override string Name(long row)
    {
        (int group, long within) = Find(row);
        (int table, int first) = _groups[group];
        return $"{Path.GetFileName(_tables[table].Path)}[{_tables[table].GroupRows.Take(first).Sum() + within}]";
    }

    private protected override string Caption(long row)
    {
        (int group, long within) = Find(row);
        return _captions.Get(group)[within];
    }

    private protected override byte[] Bytes(long row)
    {
        (int group, long within) = Find(row);
        byte[] bytes = _images.Get(group)[within];
        return bytes.Length > 0 ? bytes : throw new InvalidDataException("the row has no bytes of a picture.");
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
