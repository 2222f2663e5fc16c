using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A safetensors file, mapped into memory a part at a time: opening reads and checks the header alone, and each read
/// copies one tensor from the file's pages to where it shall be. Safe for concurrent reads. The file must not be
/// shortened by another process while it is open.
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    /// <summary>The reference implementation's limit.</summary>
    private const long MaximumHeaderLength = 100_000_000;

    /// <summary>Small enough that mapped pages hardly count as memory, large enough that mapping costs nothing.</summary>
    private const int WindowLength = 1 << 24;

    private readonly SafeFileHandle _handle;
    private readonly MemoryMappedFile? _map;
    private readonly Dictionary<string, (TensorEntry Tensor, long Start)> _tensors;
    private readonly long _dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        long length = RandomAccess.GetLength(handle);
        SafetensorsHeader header = ReadHeader(path, handle, length, out _dataStart);
        Metadata = header.Metadata;
        Entries = [.. header.Entries.Select(e => e.Tensor)];
        _tensors = header.Entries.ToDictionary(e => e.Tensor.Name);
        if (length > _dataStart)
            _map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
    }

    /// <inheritdoc/>
    public string Path { get; }

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
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafeFileHandle handle = File.OpenHandle(path);
        try
        {
            return new SafetensorsFile(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Tensor : null;

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (!_tensors.TryGetValue(name, out var found)) throw new KeyNotFoundException($"{Path} has no tensor '{name}'.");
        (TensorEntry tensor, long start) = found;
        if (!destination.shape.SequenceEqual(tensor.Shape))
            throw new ArgumentException($"'{name}' is [{string.Join(", ", tensor.Shape)}] in {Path}; the destination is [{string.Join(", ", destination.shape)}].", nameof(destination));
        TensorBytes.Fill(destination, tensor.DataType, (position, bytes) => Copy(_dataStart + start + position, bytes));
    }

    /// <summary>Closes the file. Tensors read from it stay.</summary>
    public void Dispose()
    {
        _map?.Dispose();
        _handle.Dispose();
    }

    private static SafetensorsHeader ReadHeader(string path, SafeFileHandle handle, long length, out long dataStart)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (length < prefix.Length || RandomAccess.Read(handle, prefix, 0) < prefix.Length)
            throw new CheckpointException(path, $"a safetensors file has at least 8 bytes; this one has {length}.");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > MaximumHeaderLength || (long)headerLength > length - prefix.Length)
            throw new CheckpointException(path, $"the header claims {headerLength} bytes, but {length - prefix.Length} follow (at most {MaximumHeaderLength} are allowed): truncated, or no safetensors file.");
        dataStart = prefix.Length + (long)headerLength;
        var json = new byte[headerLength];
        try
        {
            for (int read = 0, now; read < json.Length; read += now)
            {
                now = RandomAccess.Read(handle, json.AsSpan(read), prefix.Length + read);
                if (now == 0) throw new FormatException("the file was shortened while it was read.");
            }

            return SafetensorsHeader.Parse(json, length - dataStart);
        }
        catch (FormatException e)
        {
            throw new CheckpointException(path, e.Message, e);
        }
    }

    private unsafe void Copy(long position, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);

        // Reading a mapped page beyond the end of a file ends the process, so a shortened file is noticed before.
        if (RandomAccess.GetLength(_handle) < position + destination.Length)
            throw new CheckpointException(Path, "the file was shortened after it was opened.");
        while (!destination.IsEmpty)
        {
            int count = Math.Min(destination.Length, WindowLength);
            using MemoryMappedViewAccessor view = _map!.CreateViewAccessor(position, count, MemoryMappedFileAccess.Read);
            byte* pointer = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            try
            {
                new ReadOnlySpan<byte>(pointer + view.PointerOffset, count).CopyTo(destination);
            }
            finally
            {
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            }

            position += count;
            destination = destination[count..];
        }
    }
}
