using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A GGUF file, version 2 or 3 (ggml-org/ggml, docs/gguf.md). Opening reads and checks only the header, and each read copies one tensor
/// directly to its destination; quantised blocks are expanded to float32 on the way. Safe for concurrent reads. Reading a file that
/// another process shortened throws a <see cref="CheckpointException"/>.
/// </summary>
/// <remarks>
/// Shapes are in the usual order, outermost dimension first; the file has them reversed. Where the metadata contain
/// <c>comfy.gguf.orig_shape.NAME</c>, the tensor has that shape.
/// </remarks>
public sealed class GgufFile : ITensorSource
{
    private readonly CheckpointFile _file;
    private readonly Dictionary<string, GgufEntry> _tensors;

    private GgufFile(CheckpointFile file)
    {
        _file = file;
        GgufHeader header;
        try
        {
            header = GgufHeader.Read(file);
        }
        catch (FormatException e)
        {
            throw CheckpointException.FromFormatException(file.Path, e);
        }

        (Version, Alignment, Metadata) = (header.Version, header.Alignment, header.Metadata);
        Entries = [.. header.Entries.Select(e => e.Tensor)];
        _tensors = header.Entries.ToDictionary(e => e.Tensor.Name);
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>Version of the format, 2 or 3.</summary>
    public int Version { get; }

    /// <summary>Every tensor begins at a multiple of so many bytes. Default 32.</summary>
    public long Alignment { get; }

    /// <summary>
    /// The metadata, in file order: integers of 8 to 64 bits, signed or not, float, double, bool and string, and arrays of these or of
    /// arrays (<c>object[]</c>), each as the .NET type of the stored one.
    /// </summary>
    public IReadOnlyDictionary<string, object> Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="CheckpointException">The file is not a valid GGUF file; the message says why.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static GgufFile Open(string path)
    {
        var file = new CheckpointFile(path);
        try
        {
            FailedDownload.ThrowIf(path);
            return new GgufFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.GetValueOrDefault(name)?.Tensor;

    /// <summary>How the file stores a tensor.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    /// <exception cref="KeyNotFoundException">The tensor does not exist; the message names the file.</exception>
    public GgufType TypeOf(string name)
    {
        this.Require(name);
        return _tensors[name].Type;
    }

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        this.Require(name, destination);
        TensorBytes.Fill(destination, _tensors[name].Type.Stored, _file, _tensors[name].Start);
    }

    /// <inheritdoc/>
    void ITensorSource.ReadRows(string name, IReadOnlyList<RowRange> ranges, Tensor destination)
    {
        TensorEntry entry = this.Require(name);
        (GgufType type, long start) = (_tensors[name].Type, _tensors[name].Start);
        if (TensorBytes.TryFillRows(destination, entry, type.Stored, ranges, _file, start)) return;
        using Tensor whole = this.Read(name);
        RowRange.Copy(whole, ranges, destination);
    }

    /// <inheritdoc/>
    StoredRows? ITensorSource.FindRows(string name) => _tensors.TryGetValue(name, out GgufEntry? found)
        ? StoredRows.FromTensor(_file, found.Tensor, found.Type.Stored, found.Start)
        : null;

    /// <summary>Closes the file. Tensors read from it remain valid.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Whether a file begins as one of this format.</summary>
    internal static bool HasSignature(ReadOnlySpan<byte> start) => start.StartsWith(GgufHeader.Signature);
}
