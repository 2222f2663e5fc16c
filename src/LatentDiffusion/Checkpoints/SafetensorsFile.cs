using System.Buffers.Binary;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A safetensors file, mapped into memory a part at a time: opening reads and checks the header alone, and each read
/// brings one tensor from the file's pages to where it shall be, converted on the way. Safe for concurrent reads. The
/// file must not be shortened by another process while it is open.
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    private const int PrefixLength = 8, ShownLength = 1 << 22;

    /// <summary>The reference implementation's limit.</summary>
    private const long MaximumHeaderLength = 100_000_000;

    private readonly MappedFile _file;
    private readonly Dictionary<string, (TensorEntry Tensor, long Start)> _tensors;
    private readonly long _dataStart;

    private SafetensorsFile(MappedFile file)
    {
        _file = file;
        byte[] json = ReadHeader(file);
        _dataStart = PrefixLength + json.Length;
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeader.Parse(json, file.Length - _dataStart);
        }
        catch (FormatException e)
        {
            throw CheckpointException.Of(file.Path, e);
        }

        Metadata = header.Metadata;
        Entries = [.. header.Entries.Select(e => e.Tensor)];
        _tensors = header.Entries.ToDictionary(e => e.Tensor.Name);
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>The text entries of the header's <c>__metadata__</c>, in file order; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries { get; }

    /// <summary>Names of the tensors, in file order.</summary>
    public IEnumerable<string> Names => Entries.Select(e => e.Name);

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="CheckpointException">The file is no valid safetensors file; the message says why.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Tensor : null;

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        TensorEntry tensor = this.Require(name, destination);
        TensorBytes.Fill(destination, tensor.DataType, _file, _dataStart + _tensors[name].Start);
    }

    /// <summary>Position in the file at which a tensor's values begin.</summary>
    internal long Offset(string name) => _dataStart + _tensors[name].Start;

    /// <summary>Copies bytes that lie within one tensor's values, counted from the first of them.</summary>
    internal void ReadBytes(string name, long position, Span<byte> destination) => _file.Read(Offset(name) + position, destination.Length).CopyTo(destination);

    /// <summary>Shows the bytes of a tensor's values as they are stored, a part at a time.</summary>
    internal void Show(string name, MappedFile.Use use)
    {
        long start = Offset(name), length = _tensors[name].Tensor.ByteLength;
        for (long done = 0; done < length; done += ShownLength) _file.View(start + done, (int)Math.Min(ShownLength, length - done), use);
    }

    /// <summary>Closes the file. Tensors read from it stay.</summary>
    public void Dispose() => _file.Dispose();

    private static byte[] ReadHeader(MappedFile file)
    {
        if (file.Length < PrefixLength)
            throw new CheckpointException(file.Path, $"a safetensors file has at least {PrefixLength} bytes; this one has {file.Length}.");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, PrefixLength));
        long rest = file.Length - PrefixLength;
        return length <= MaximumHeaderLength && (long)length <= rest
            ? file.Read(PrefixLength, (int)length)
            : throw new CheckpointException(
                file.Path,
                $"the header claims {length} bytes, but {rest} follow (at most {MaximumHeaderLength} are allowed): "
                + "truncated, or no safetensors file.");
    }
}
