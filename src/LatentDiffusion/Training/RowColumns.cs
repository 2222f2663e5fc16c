using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Where the rows of a <see cref="RowFile"/> lie: a column for each tensor, and one for the rows' checksums.</summary>
internal sealed class RowColumns
{
    public const string ChecksName = "row_checks";

    // Distinguishes a checksum from rows that were never written, which read as 0.
    private const long Present = 1L << 32;

    private readonly Column _checks;

    public RowColumns(IEnumerable<Column> columns)
    {
        Column[] all = [.. columns];
        _checks = Array.Find(all, c => c.Name == ChecksName)!;
        Data = [.. all.Where(c => c.Name != ChecksName)];
        RowLength = Data.Sum(c => c.RowLength);
    }

    /// <summary>The columns of the tensors, in the order of the file.</summary>
    public IReadOnlyList<Column> Data { get; }

    /// <summary>Bytes of a row in all columns.</summary>
    public int RowLength { get; }

    /// <summary>The columns of a file; null where it has no checksums, or not as many rows in each column.</summary>
    public static RowColumns? FromFile(SafetensorsFile file, long rows) =>
        file.Find(ChecksName) is { DataType: ScalarType.Int64, Shape.Count: 1 }
            && file.Entries.All(e => e.Shape.Count > 0 && e.Shape[0] == rows)
            ? new RowColumns(
                file.Entries.Select(e => new Column(
                    e.Name, e.DataType, [.. e.Shape.Skip(1)], file.Offset(e.Name), checked((int)(e.ByteLength / rows)))))
            : null;

    /// <summary>The rows whose content differs from the written content, in order.</summary>
    public IEnumerable<long> Damaged(SafeFileHandle handle, long rows, CancellationToken cancellationToken)
    {
        byte[] row = new byte[RowLength];
        for (long i = 0; i < rows; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!IsWhole(handle, i, row)) yield return i;
        }
    }

    /// <summary>Whether a row has the written content.</summary>
    /// <param name="handle">The file.</param>
    /// <param name="index">Number of the row.</param>
    /// <param name="row">Receives it: as many bytes as <see cref="RowLength"/>.</param>
    public bool IsWhole(SafeFileHandle handle, long index, byte[] row)
    {
        int position = 0;
        foreach (Column column in Data)
        {
            Read(handle, row.AsSpan(position, column.RowLength), column.Offset + index * column.RowLength);
            position += column.RowLength;
        }

        Span<byte> check = stackalloc byte[sizeof(long)];
        Read(handle, check, _checks.Offset + index * sizeof(long));
        return BinaryPrimitives.ReadInt64LittleEndian(check) == (Present | Crc32.Compute(row));
    }

    /// <summary>Writes a row, and its checksum after it.</summary>
    public void Write(SafeFileHandle handle, long index, ReadOnlySpan<byte> row)
    {
        int position = 0;
        foreach (Column column in Data)
        {
            RandomAccess.Write(handle, row.Slice(position, column.RowLength), column.Offset + index * column.RowLength);
            position += column.RowLength;
        }

        Span<byte> check = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(check, Present | Crc32.Compute(row));
        RandomAccess.Write(handle, check, _checks.Offset + index * sizeof(long));
    }

    private static void Read(SafeFileHandle handle, Span<byte> destination, long position)
    {
        for (int done = 0; done < destination.Length;)
        {
            int read = RandomAccess.Read(handle, destination[done..], position + done);
            if (read == 0) throw new EndOfStreamException("A cache was shortened by another process while it was read.");
            done += read;
        }
    }

    /// <summary>One tensor of the file.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Type">Its type.</param>
    /// <param name="Shape">Shape of a row.</param>
    /// <param name="Offset">Where its first row begins in the file.</param>
    /// <param name="RowLength">Bytes of a row.</param>
    public sealed record Column(string Name, ScalarType Type, long[] Shape, long Offset, int RowLength);
}
