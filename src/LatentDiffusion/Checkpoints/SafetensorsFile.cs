using System.Buffers.Binary;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A safetensors file. Opening reads and checks only the header, and each read copies one tensor directly to its
/// destination, converted if the types differ. float8 values (<c>F8_E4M3</c>, <c>F8_E5M2</c>) are widened to float32. Safe
/// for concurrent reads. Reading a file that another process shortened throws a <see cref="CheckpointException"/>.
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    private const int PrefixLength = 8;

    /// <summary>Maximum bytes of a header: the limit of the reference implementation.</summary>
    private const long MaximumHeaderLength = 100_000_000;

    private readonly CheckpointFile _file;
    private readonly Dictionary<string, (TensorEntry Tensor, StoredType Type, long Start)> _tensors;
    private readonly long _dataStart;

    private SafetensorsFile(CheckpointFile file)
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
            throw CheckpointException.FromFormatException(file.Path, e);
        }

        Metadata = header.Metadata;
        Entries = [.. header.Entries.Select(e => e.Tensor)];
        _tensors = header.Entries.ToDictionary(e => e.Tensor.Name);
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>The text entries of the header's <c>__metadata__</c>, in file order; empty without entries.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries { get; }

    /// <summary>Names of the tensors, in file order.</summary>
    public IEnumerable<string> Names => Entries.Select(e => e.Name);

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="CheckpointException">The file is not a valid safetensors file; the message says why.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = new CheckpointFile(path);
        try
        {
            FailedDownload.ThrowIf(path);
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
        this.Require(name, destination);
        TensorBytes.Fill(destination, _tensors[name].Type, _file, _dataStart + _tensors[name].Start);
    }

    /// <inheritdoc/>
    IReadOnlyDictionary<string, string> ITensorSource.Texts => Metadata;

    /// <inheritdoc/>
    void ITensorSource.ReadRows(string name, IReadOnlyList<RowRange> ranges, Tensor destination)
    {
        this.Require(name);
        var found = _tensors[name];
        // Values of this format do not come in blocks.
        _ = TensorBytes.TryFillRows(destination, found.Tensor, found.Type, ranges, _file, _dataStart + found.Start);
    }

    /// <inheritdoc/>
    StoredRows? ITensorSource.FindRows(string name) => _tensors.TryGetValue(name, out var found)
        ? StoredRows.FromTensor(_file, found.Tensor, found.Type, _dataStart + found.Start)
        : null;

    /// <summary>Position in the file of the first byte of a tensor's values.</summary>
    internal long Offset(string name) => _dataStart + _tensors[name].Start;

    /// <summary>Copies bytes of one tensor's values.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="position">First byte, counted from the first byte of the values.</param>
    /// <param name="destination">Receives the bytes.</param>
    internal void ReadBytes(string name, long position, Span<byte> destination) =>
        _file.Read(Offset(name) + position, destination);

    /// <summary>Passes the stored bytes of a tensor's values to a callback, a part at a time.</summary>
    internal void Show(string name, CheckpointFile.Use use) => _file.Show(Offset(name), _tensors[name].Tensor.ByteLength, use);

    /// <summary>Closes the file. Tensors read from it remain valid.</summary>
    public void Dispose() => _file.Dispose();

    private static byte[] ReadHeader(CheckpointFile file)
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
                + "truncated, or not a safetensors file.");
    }
}
