using Parquet;
using Parquet.Schema;

namespace LatentDiffusion.Data;

/// <summary>One Parquet file: where its row groups begin, and how their columns are read. Opened anew for each row group.</summary>
internal sealed class ParquetTable
{
    private readonly ParquetSourceOptions _options;

    /// <exception cref="InvalidDataException">The file is damaged or lacks a column; the message names it.</exception>
    public ParquetTable(string path, ParquetSourceOptions options)
    {
        (Path, _options) = (path, options);
        GroupRows = Use(reader =>
        {
            _ = ImageField(reader.Schema);
            _ = CaptionField(reader.Schema);
            return Task.FromResult<long[]>([.. reader.RowGroups.Select(g => g.RowCount)]);
        });
    }

    public string Path { get; }

    /// <summary>Number of rows of each row group.</summary>
    public long[] GroupRows { get; }

    /// <summary>The encoded pictures of a row group; empty where a row has none.</summary>
    public byte[][] Images(int group) => Use(async reader =>
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        // The overload for arrays of bytes moves the rows after one without bytes up.
        var images = new ReadOnlyMemory<byte>?[rows.RowCount];
        await rows.ReadAsync<ReadOnlyMemory<byte>>(ImageField(reader.Schema), images.AsMemory()).ConfigureAwait(false);
        return Array.ConvertAll(images, i => i?.ToArray() ?? []);
    });

    /// <summary>The captions of a row group; empty where a row has none.</summary>
    public string[] Captions(int group) => Use(async reader =>
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        var captions = new ReadOnlyMemory<char>?[rows.RowCount];
        await rows.ReadAsync<ReadOnlyMemory<char>>(CaptionField(reader.Schema), captions.AsMemory()).ConfigureAwait(false);
        return Array.ConvertAll(captions, c => c?.ToString() ?? "");
    });

    private DataField ImageField(ParquetSchema schema) => Field<ReadOnlyMemory<byte>>(
        schema, [[_options.ImageColumn, "bytes"], [_options.ImageColumn]], $"'{_options.ImageColumn}' with pictures (binary, or a struct with binary 'bytes')");

    private DataField CaptionField(ParquetSchema schema) => Field<ReadOnlyMemory<char>>(schema, [[_options.CaptionColumn]], $"'{_options.CaptionColumn}' with texts");

    private static DataField Field<T>(ParquetSchema schema, string[][] paths, string what) =>
        paths.Select(path => Array.Find(schema.DataFields, f => f.Path.ToList().SequenceEqual(path) && f.ClrType == typeof(T) && f.MaxRepetitionLevel == 0))
            .FirstOrDefault(f => f is not null)
        ?? throw new InvalidDataException($"there is no column {what}; there are {string.Join(", ", schema.DataFields.Select(f => $"'{f.Path}' ({Kind(f)})"))}.");

    private static string Kind(DataField field) =>
        field.MaxRepetitionLevel > 0 ? "list"
        : field.ClrType == typeof(ReadOnlyMemory<byte>) ? "binary"
        : field.ClrType == typeof(ReadOnlyMemory<char>) ? "text"
        : field.ClrType.Name;

    private T Use<T>(Func<ParquetReader, Task<T>> function)
    {
        // The reader is asynchronous alone; over a file whose reads complete at once it never leaves the thread.
        return Read().GetAwaiter().GetResult();

        async Task<T> Read()
        {
            using var file = new ImmediateFile(Path);
            try
            {
                await using ParquetReader reader = await ParquetReader.CreateAsync(file, leaveStreamOpen: true).ConfigureAwait(false);
                return await function(reader).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
            {
                // Damaged bytes come up as whatever the decoder stumbles over.
                throw new InvalidDataException($"'{Path}' cannot be read as Parquet: {e.Message}", e);
            }
        }
    }
}
