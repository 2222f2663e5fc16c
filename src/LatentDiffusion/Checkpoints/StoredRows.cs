using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>The rows of a matrix as a file stores them, each of whole blocks.</summary>
/// <param name="File">The file, which stays open.</param>
/// <param name="Type">How values are stored.</param>
/// <param name="Start">Position of the first row in the file.</param>
/// <param name="Columns">Values of each row.</param>
/// <param name="Ranges">The rows, counted from <paramref name="Start"/>, one range after the other.</param>
internal sealed record StoredRows(CheckpointFile File, StoredType Type, long Start, long Columns, IReadOnlyList<RowRange> Ranges)
{
    /// <summary>Number of rows.</summary>
    public long Count => Ranges.Sum(range => range.Count);

    /// <summary>Bytes of each row.</summary>
    public long RowBytes => Type.BytesOf(Columns);

    /// <summary>Factors of the rows, or of all rows where there is one; null, the default, for 1.</summary>
    public IReadOnlyList<float>? Scales { get; init; }

    /// <summary>
    /// The rows of a tensor; null where it is not a matrix of whole blocks of fewer bits than float32.
    /// </summary>
    public static StoredRows? FromTensor(CheckpointFile file, TensorEntry entry, StoredType type, long start)
    {
        bool isNarrow = type.IsExpanded || type.Type is ScalarType.Float16 or ScalarType.BFloat16;
        return isNarrow && entry.Shape is [var rows, var columns] && rows > 0 && columns > 0
            && columns % (type.Blocks?.BlockElements ?? 1) == 0
            ? new StoredRows(file, type, start, columns, [new RowRange(0, rows)])
            : null;
    }

    /// <summary>Some of the rows.</summary>
    /// <param name="ranges">Ranges within the rows; all of them for null.</param>
    public StoredRows? Select(IReadOnlyList<RowRange>? ranges)
    {
        if (ranges is null) return this;
        // Files have one level of names, so that a selection of a selection does not occur.
        if (Ranges is not [{ Start: 0 }] || Scales is { Count: > 1 }) return null;
        return this with { Ranges = ranges };
    }

    /// <summary>Reads all rows, one after the other.</summary>
    /// <param name="destination">Bytes on the CPU, contiguous.</param>
    /// <exception cref="CheckpointException">The file was shortened.</exception>
    public void ReadInto(Tensor destination)
    {
        long position = 0;
        foreach (RowRange range in Ranges)
        {
            using Tensor part = destination.narrow(0, position, range.Count * RowBytes);
            TensorBytes.Fill(part, StoredType.FromScalarType(ScalarType.Byte), File, Start + range.Start * RowBytes);
            position += range.Count * RowBytes;
        }
    }
}
