using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Makes a <see cref="RowFile"/> beside its path, under <c>.partial</c>, in its full size from the beginning. Each row
/// has a checksum, written after it: what a killed process left is known to be whole or not, row by row.
/// </summary>
internal sealed class RowFileWriter : IDisposable
{
    private const string ChecksName = "row_checks", Suffix = ".partial";

    // Told apart from what was never written, which reads as 0.
    private const long Present = 1L << 32;

    private readonly string _path, _key;
    private readonly long _rows;
    private Column[]? _columns;
    private SafeFileHandle? _handle;

    /// <summary>Takes up a file that an interrupted making of the same key left; anything else under that name is replaced.</summary>
    public RowFileWriter(string path, string key, long rows)
    {
        (_path, _key, _rows) = (path, key, rows);
        if (File.Exists(_path + Suffix)) _columns = Resume();
        if (_columns is not null) _handle = File.OpenHandle(_path + Suffix, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>Whether rows are there and whole.</summary>
    public bool IsDone(long start, int count)
    {
        if (_columns is null) return false;
        byte[] row = new byte[RowLength];
        Span<byte> check = stackalloc byte[sizeof(long)];
        for (long i = start; i < start + count; i++)
        {
            int position = 0;
            foreach (Column column in _columns)
            {
                if (column.Name == ChecksName) continue;
                Read(row.AsSpan(position, column.RowLength), column.Offset + i * column.RowLength);
                position += column.RowLength;
            }

            Column checks = Checks;
            Read(check, checks.Offset + i * checks.RowLength);
            if (BinaryPrimitives.ReadInt64LittleEndian(check) != (Present | Crc32.Of(row))) return false;
        }

        return true;
    }

    /// <summary>Writes rows.</summary>
    /// <exception cref="InvalidOperationException">The tensors have not the names, types and shapes of the rows before.</exception>
    public void Write(long start, IReadOnlyList<(string Name, Tensor Rows)> tensors)
    {
        _columns ??= Create(tensors);
        byte[] row = new byte[RowLength];
        Span<byte> check = stackalloc byte[sizeof(long)];
        Tensor[] ordered = [.. _columns.Where(c => c.Name != ChecksName).Select(c => Match(c, tensors))];
        for (int i = 0; i < ordered[0].shape[0]; i++)
        {
            int position = 0, next = 0;
            foreach (Column column in _columns)
            {
                if (column.Name == ChecksName) continue;
                Span<byte> bytes = row.AsSpan(position, column.RowLength);
                ordered[next++].bytes.Slice(i * column.RowLength, column.RowLength).CopyTo(bytes);
                RandomAccess.Write(_handle!, bytes, column.Offset + (start + i) * column.RowLength);
                position += column.RowLength;
            }

            BinaryPrimitives.WriteInt64LittleEndian(check, Present | Crc32.Of(row));
            RandomAccess.Write(_handle!, check, Checks.Offset + (start + i) * Checks.RowLength);
        }
    }

    /// <summary>Brings the file to the disk and gives it its name.</summary>
    public void Complete()
    {
        RandomAccess.FlushToDisk(_handle!);
        Dispose();
        File.Move(_path + Suffix, _path, overwrite: true);
    }

    /// <summary>Closes the file; what is written stays for the next time.</summary>
    public void Dispose() => _handle?.Dispose();

    private Column Checks => Array.Find(_columns!, c => c.Name == ChecksName)!;

    private int RowLength => _columns!.Where(c => c.Name != ChecksName).Sum(c => c.RowLength);

    private Column[]? Resume()
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(_path + Suffix);
            bool same = file.Metadata.GetValueOrDefault(RowFile.KeyMetadata) == _key && file.Find(ChecksName) is not null
                && file.Entries.All(e => e.Shape.Count > 0 && e.Shape[0] == _rows);
            return same ? [.. file.Entries.Select(e => new Column(e.Name, e.DataType, [.. e.Shape.Skip(1)], file.Offset(e.Name), (int)(e.ByteLength / _rows)))] : null;
        }
        catch (CheckpointException)
        {
            return null;
        }
    }

    private Column[] Create(IReadOnlyList<(string Name, Tensor Rows)> tensors)
    {
        // As the format's reference implementation orders them: the widest type first, then by name.
        var described = tensors.Select(t => (t.Name, Type: t.Rows.dtype, Shape: t.Rows.shape[1..]))
            .Append((Name: ChecksName, Type: ScalarType.Int64, Shape: Array.Empty<long>()))
            .Select(t => (t.Name, t.Type, t.Shape, Kind: StoredType.Writable(t.Type)))
            .OrderByDescending(t => t.Kind.Rank).ThenBy(t => t.Name, StringComparer.Ordinal).ToArray();
        using var json = new MemoryStream();
        long position = 0;
        var columns = new List<Column>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject(SafetensorsHeader.MetadataKey);
            writer.WriteString(RowFile.KeyMetadata, _key);
            writer.WriteEndObject();
            foreach ((string name, ScalarType type, long[] shape, (string? kind, _, int size, _)) in described)
            {
                int length = checked((int)shape.Aggregate((long)size, (product, n) => product * n));
                writer.WriteStartObject(name);
                writer.WriteString("dtype", kind);
                WriteNumbers(writer, "shape", [_rows, .. shape]);
                WriteNumbers(writer, "data_offsets", [position, position + _rows * length]);
                writer.WriteEndObject();
                columns.Add(new Column(name, type, shape, position, length));
                position += _rows * length;
            }

            writer.WriteEndObject();
        }

        while (json.Length % 8 != 0) json.WriteByte((byte)' ');
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        byte[] header = [.. prefix, .. json.ToArray()];
        _handle = File.OpenHandle(_path + Suffix, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        RandomAccess.SetLength(_handle, header.Length + position);
        RandomAccess.Write(_handle, header, 0);
        return [.. columns.Select(c => c with { Offset = c.Offset + header.Length })];
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, ReadOnlySpan<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (long number in numbers) writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }

    private static Tensor Match(Column column, IReadOnlyList<(string Name, Tensor Rows)> tensors)
    {
        Tensor? rows = tensors.FirstOrDefault(t => t.Name == column.Name).Rows;
        if (rows is null || rows.dtype != column.Type || !rows.shape.AsSpan(1).SequenceEqual(column.Shape))
        {
            string given = rows is null ? "nothing" : $"{rows.dtype} [{string.Join(", ", rows.shape[1..])}]";
            throw new InvalidOperationException(
                $"The rows of '{column.Name}' before are {column.Type} [{string.Join(", ", column.Shape)}], and now {given}: all rows of a cache are of one shape.");
        }

        return rows.cpu().contiguous();
    }

    private void Read(Span<byte> destination, long position)
    {
        for (int done = 0; done < destination.Length;)
        {
            int read = RandomAccess.Read(_handle!, destination[done..], position + done);
            if (read == 0) throw new EndOfStreamException($"'{_path}{Suffix}' was shortened by another process.");
            done += read;
        }
    }

    /// <summary>One tensor of the file: shape and length in bytes of a row, and where its first row begins.</summary>
    private sealed record Column(string Name, ScalarType Type, long[] Shape, long Offset, int RowLength);
}
