using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Makes a <see cref="RowFile"/> next to its path, under <c>.partial</c>, in its full size from the beginning. Each row
/// has a checksum, written after it: what a killed process left is known to be whole or not, row by row.
/// </summary>
internal sealed class RowFileWriter : IDisposable
{
    public const string Suffix = ".partial";

    private readonly string _path, _key;
    private readonly long _rows;
    private RowColumns? _columns;
    private SafeFileHandle? _handle;
    private byte[] _row = [];

    /// <summary>Takes up a file that an interrupted making of the same key left; anything else under that name is replaced.</summary>
    public RowFileWriter(string path, string key, long rows, IReadOnlyList<string> required)
    {
        (_path, _key, _rows) = (path, key, rows);
        if (File.Exists(_path + Suffix)) _columns = Resume(required);
        if (_columns is null) return;
        _handle = OpenPartial(FileMode.Open);
        _row = new byte[_columns.RowLength];
    }

    /// <summary>Whether rows are there and whole.</summary>
    public bool IsDone(long start, int count)
    {
        if (_columns is null) return false;
        for (long i = start; i < start + count; i++)
            if (!_columns.IsWhole(_handle!, i, _row)) return false;
        return true;
    }

    /// <summary>Writes rows, those that are there and whole left as they are.</summary>
    /// <exception cref="InvalidOperationException">The tensors have not the names, types and shapes of the rows before.</exception>
    public void Write(long start, IReadOnlyList<(string Name, Tensor Rows)> tensors)
    {
        bool whole = _columns is not null;
        RowColumns columns = _columns ??= Create(tensors);
        Tensor[] ordered = [.. columns.Data.Select(c => Match(c, tensors))];
        for (int i = 0; i < ordered[0].shape[0]; i++)
        {
            if (whole && columns.IsWhole(_handle!, start + i, _row)) continue;
            int position = 0;
            foreach ((RowColumns.Column column, Tensor rows) in columns.Data.Zip(ordered))
            {
                rows.bytes.Slice(i * column.RowLength, column.RowLength).CopyTo(_row.AsSpan(position));
                position += column.RowLength;
            }

            columns.Write(_handle!, start + i, _row);
        }
    }

    /// <summary>Brings the file to the disk and gives it its name.</summary>
    public void Complete()
    {
        RandomAccess.FlushToDisk(_handle!);
        Dispose();
        File.Move(_path + Suffix, _path, overwrite: true);
    }

    /// <summary>Closes the file; written rows stay for the next time.</summary>
    public void Dispose() => _handle?.Dispose();

    private SafeFileHandle OpenPartial(FileMode mode)
    {
        try
        {
            return File.OpenHandle(_path + Suffix, mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw Held(e);
        }
    }

    private IOException Held(IOException e) =>
        new(
            $"The cache '{_path}' cannot be made now: {e.Message} "
                + "Where another process makes it, wait for that process or choose another path.",
            e);

    private RowColumns? Resume(IReadOnlyList<string> required)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(_path + Suffix);
            return file.Metadata.GetValueOrDefault(RowFile.KeyMetadata) == _key && required.All(name => file.Find(name) is not null)
                ? RowColumns.FromFile(file, _rows)
                : null;
        }
        catch (CheckpointException)
        {
            return null;
        }
        catch (IOException e)
        {
            throw Held(e);
        }
    }

    private RowColumns Create(IReadOnlyList<(string Name, Tensor Rows)> tensors)
    {
        // As the format's reference implementation orders them: the widest type first, then by name.
        var described = tensors.Select(t => (t.Name, Type: t.Rows.dtype, Shape: t.Rows.shape[1..]))
            .Append((Name: RowColumns.ChecksName, Type: ScalarType.Int64, Shape: Array.Empty<long>()))
            .Select(t => (t.Name, t.Type, t.Shape, Kind: StoredType.Writable(t.Type)))
            .OrderByDescending(t => t.Kind.Rank).ThenBy(t => t.Name, StringComparer.Ordinal).ToArray();
        using var json = new MemoryStream();
        long position = 0;
        var columns = new List<RowColumns.Column>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject(SafetensorsHeader.MetadataKey);
            writer.WriteString(RowFile.KeyMetadata, _key);
            writer.WriteString(RowFile.ColumnsMetadata, string.Join(',', described.Select(d => d.Name)));
            writer.WriteEndObject();
            foreach ((string name, ScalarType type, long[] shape, (string? kind, _, int size, _)) in described)
            {
                int length = checked((int)shape.Aggregate((long)size, (product, n) => product * n));
                writer.WriteStartObject(name);
                writer.WriteString("dtype", kind);
                WriteNumbers(writer, "shape", [_rows, .. shape]);
                WriteNumbers(writer, "data_offsets", [position, position + _rows * length]);
                writer.WriteEndObject();
                columns.Add(new RowColumns.Column(name, type, shape, position, length));
                position += _rows * length;
            }

            writer.WriteEndObject();
        }

        while (json.Length % 8 != 0) json.WriteByte((byte)' ');
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        byte[] header = [.. prefix, .. json.ToArray()];
        _handle = OpenPartial(FileMode.Create);
        RandomAccess.SetLength(_handle, header.Length + position);
        RandomAccess.Write(_handle, header, 0);
        var created = new RowColumns(columns.Select(c => c with { Offset = c.Offset + header.Length }));
        _row = new byte[created.RowLength];
        return created;
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, ReadOnlySpan<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (long number in numbers) writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }

    private static Tensor Match(RowColumns.Column column, IReadOnlyList<(string Name, Tensor Rows)> tensors)
    {
        Tensor? rows = tensors.FirstOrDefault(t => t.Name == column.Name).Rows;
        if (rows is null || rows.dtype != column.Type || !rows.shape.AsSpan(1).SequenceEqual(column.Shape))
        {
            string given = rows is null ? "nothing" : $"{rows.dtype} [{string.Join(", ", rows.shape[1..])}]";
            throw new InvalidOperationException(
                $"The rows of '{column.Name}' before are {column.Type} [{string.Join(", ", column.Shape)}], and now {given}: "
                    + "all rows of a cache are of one shape.");
        }

        return rows.cpu().contiguous();
    }
}
