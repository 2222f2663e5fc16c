using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A file opened for reads at given positions. It is not mapped into memory: access to a mapped page that another process
/// cut off would end this process, whereas a read that ends too early throws an exception. Safe for concurrent reads.
/// </summary>
internal sealed class CheckpointFile : IDisposable
{
    /// <summary>Bytes passed to a callback at a time; a buffer of this size stays in the processor's cache.</summary>
    private const int ShownLength = 1 << 20;

    private readonly SafeFileHandle _handle;

    /// <summary>Opens a file.</summary>
    public CheckpointFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        _handle = File.OpenHandle(path);
        try
        {
            Length = RandomAccess.GetLength(_handle);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    /// <summary>Path that the file was opened with.</summary>
    public string Path { get; }

    /// <summary>Number of bytes when the file was opened.</summary>
    public long Length { get; }

    /// <summary>Receives some bytes of the file, which are valid until the call returns.</summary>
    public delegate void Use(ReadOnlySpan<byte> bytes);

    /// <summary>Fills memory with the bytes that begin at a position.</summary>
    /// <exception cref="CheckpointException">The file ends too early: it was shortened after it was opened.</exception>
    public void Read(long position, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(_handle, destination, position);
            if (count == 0) throw new CheckpointException(Path, "the file was shortened after it was opened.");
            position += count;
            destination = destination[count..];
        }
    }

    /// <summary>Copies bytes that lie within the file into a new array.</summary>
    public byte[] Read(long position, int count)
    {
        var bytes = new byte[count];
        Read(position, bytes);
        return bytes;
    }

    /// <summary>Passes bytes to a callback in order, at most one megabyte at a time.</summary>
    public void Show(long position, long count, Use use)
    {
        for (long done = 0; done < count; done += ShownLength)
            ShowPiece(position + done, (int)Math.Min(ShownLength, count - done), use);
    }

    /// <summary>Passes bytes to a callback in one piece.</summary>
    public void ShowPiece(long position, int count, Use use)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(count);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, count);
            Read(position, bytes);
            use(bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _handle.Dispose();
}
