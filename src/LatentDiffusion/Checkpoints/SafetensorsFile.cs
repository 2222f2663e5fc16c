using System.Buffers.Binary;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A safetensors file: opening reads and checks only the header, and each read brings one tensor straight to its
/// destination, converted on the way. float8 values (<c>F8_E4M3</c>, <c>F8_E5M2</c>) are widened to float32. Safe for
/// concurrent reads. A file that another process shortens meanwhile ends in a <see cref="CheckpointException"/>.
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    private const int PrefixLength = 8;

    /// <summary>The reference implementation's limit.</summary>
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

    /// <summary>Position in the file at which a tensor's values begin.</summary>
    internal long Offset(string name) => _dataStart + _tensors[name].Start;

    /// <summary>Copies bytes that lie within one tensor's values, counted from the first of them.</summary>
    internal void ReadBytes(string name, long position, Span<byte> destination) => _file.Read(Offset(name) + position, destination);

    /// <summary>Shows the bytes of a tensor's values as they are stored, a part at a time.</summary>
    internal void Show(string name, CheckpointFile.Use use) => _file.Show(Offset(name), _tensors[name].Tensor.ByteLength, use);

    /// <summary>Closes the file. Tensors read from it stay.</summary>
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
                + "truncated, or no safetensors file.");
    }
}
