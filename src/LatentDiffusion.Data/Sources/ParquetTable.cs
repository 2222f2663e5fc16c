using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace LatentDiffusion.Data;

/// <summary>One Parquet file: the sizes of its row groups, and reading of their columns. Opened again for each row group.</summary>
internal sealed class ParquetTable
{
    private readonly ParquetSourceOptions _options;

    /// <exception cref="InvalidDataException">The file is damaged or lacks a column; the message names it.</exception>
    public ParquetTable(DatasetFile file, ParquetSourceOptions options)
    {
        (Path, Name, _options) = (file.Path, file.Name, options);
        if (File.Exists(Path) && !RegularFile.Is(Path)) throw new InvalidDataException($"'{Path}' is not a regular file.");
        Stamp = FileStamp.FromFile(Path);
        long length = Stamp?.Length ?? 0;
        GroupRows = Use((reader, file) =>
        {
            _ = ImageField(reader.Schema);
            _ = CaptionField(reader.Schema);
            long[] rows = [.. reader.RowGroups.Select(g => g.RowCount)];
            // An image takes at least one byte. Memory is allocated by the number of rows.
            return Array.TrueForAll(rows, r => r >= 0 && r <= length) && rows.Sum(r => (decimal)r) <= length
                ? Task.FromResult(rows)
                : throw new InvalidDataException(
                    $"it claims row groups of {LeftOut.Names([.. rows.Select(r => $"{r}")])} rows in {length} bytes.");
        });
    }

    public string Path { get; }

    /// <summary>Path relative to the data set's folder.</summary>
    public string Name { get; }

    /// <summary>The file's stamp when it was opened.</summary>
    public FileStamp? Stamp { get; }

    /// <summary>Number of rows of each row group.</summary>
    public long[] GroupRows { get; }

    /// <summary>The encoded images of a row group; an empty array for a row without an image.</summary>
    public byte[][] Images(int group) => Use(async (reader, file) =>
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        DataField field = Checked(rows, ImageField(reader.Schema), file);
        // The overload for byte arrays shifts the rows after an empty one.
        var images = new ReadOnlyMemory<byte>?[rows.RowCount];
        await rows.ReadAsync<ReadOnlyMemory<byte>>(field, images.AsMemory()).ConfigureAwait(false);
        return Array.ConvertAll(images, i => i?.ToArray() ?? []);
    });

    /// <summary>The captions of a row group, at least one per row; the empty string for a row without a caption.</summary>
    public string[][] Captions(int group) => Use(async (reader, file) =>
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        DataField field = Checked(rows, CaptionField(reader.Schema), file);
        if (field.MaxRepetitionLevel > 0) return await Lists(rows, field).ConfigureAwait(false);
        var captions = new ReadOnlyMemory<char>?[rows.RowCount];
        await rows.ReadAsync<ReadOnlyMemory<char>>(field, captions.AsMemory()).ConfigureAwait(false);
        return Array.ConvertAll(captions, c => new[] { c?.ToString() ?? "" });
    });

    private static DataField Checked(ParquetRowGroupReader rows, DataField field, FileStream file)
    {
        if (rows.GetMetadata(field) is { } column) ParquetPages.Check(file, column);
        return field;
    }

    private static async Task<string[][]> Lists(ParquetRowGroupReader rows, DataField field)
    {
        using var column = (RawColumnData<ReadOnlyMemory<char>>)await rows.ReadRawColumnDataBaseAsync(field).ConfigureAwait(false);
        var captions = new List<List<string>>();
        Span<int> repetitions = column.RepetitionLevels, definitions = column.DefinitionLevels;
        for (int i = 0, value = 0; i < repetitions.Length; i++)
        {
            if (repetitions[i] == 0) captions.Add([]);
            // A value exists only at the highest level: below it are empty lists and nulls.
            if (definitions[i] == field.MaxDefinitionLevel) captions[^1].Add(column.Values[value++].ToString());
        }

        return captions.Count == rows.RowCount
            ? [.. captions.Select(c => c.Count > 0 ? c.ToArray() : [""])]
            : throw new InvalidDataException($"'{field.Path}' has {captions.Count} lists for {rows.RowCount} rows.");
    }

    private DataField ImageField(ParquetSchema schema) => Field<ReadOnlyMemory<byte>>(
        schema, [[_options.ImageColumn, "bytes"], [_options.ImageColumn]],
        $"'{_options.ImageColumn}' with images (binary, or a struct with binary 'bytes')");

    private DataField CaptionField(ParquetSchema schema) => Field<ReadOnlyMemory<char>>(
        schema,
        [[_options.CaptionColumn], [_options.CaptionColumn, "list", "element"], [_options.CaptionColumn, "list", "item"]],
        $"'{_options.CaptionColumn}' with texts",
        mostRepetitions: 1);

    private static DataField Field<T>(ParquetSchema schema, string[][] paths, string what, int mostRepetitions = 0) =>
        paths.Select(path => Array.Find(schema.DataFields, f =>
                f.Path.ToList().SequenceEqual(path) && f.ClrType == typeof(T) && f.MaxRepetitionLevel <= mostRepetitions))
            .FirstOrDefault(f => f is not null)
        ?? throw new InvalidDataException(
            $"it has no column {what}; it has {LeftOut.Names([.. schema.DataFields.Select(f => $"'{f.Path}' ({Kind(f)})")])}.");

    private static string Kind(DataField field) =>
        field.MaxRepetitionLevel > 0 ? "list"
        : field.ClrType == typeof(ReadOnlyMemory<byte>) ? "binary"
        : field.ClrType == typeof(ReadOnlyMemory<char>) ? "text"
        : field.ClrType.Name;

    private T Use<T>(Func<ParquetReader, FileStream, Task<T>> function)
    {
        // The reader is only asynchronous. Over a file whose reads complete synchronously it never leaves the thread.
        return Read().GetAwaiter().GetResult();

        async Task<T> Read()
        {
            using var file = new SynchronousFileStream(Path);
            try
            {
                ParquetFooter.Check(file);
                await using ParquetReader reader = await ParquetReader.CreateAsync(file, leaveStreamOpen: true).ConfigureAwait(false);
                return await function(reader, file).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
            {
                // The decoder throws exceptions of any type on damaged bytes.
                throw new InvalidDataException($"'{Path}' cannot be read as Parquet: {e.Message}", e);
            }
        }
    }
}
