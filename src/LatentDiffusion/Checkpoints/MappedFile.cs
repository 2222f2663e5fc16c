using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace LatentDiffusion;

/// <summary>
/// A file opened for reading, mapped into memory a window at a time, so that pages which are read hardly count as the
/// process's memory. Safe for concurrent reads. The file must not be shortened by another process while it is open.
/// </summary>
internal sealed class MappedFile : IDisposable
{
    private const int WindowLength = 1 << 24;

    private readonly SafeFileHandle _handle;
    private readonly MemoryMappedFile? _map;

    /// <summary>Opens a file.</summary>
    public MappedFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        _handle = File.OpenHandle(path);
        try
        {
            Length = RandomAccess.GetLength(_handle);
            if (Length > 0)
                _map = MemoryMappedFile.CreateFromFile(_handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    /// <summary>Path the file was opened by.</summary>
    public string Path { get; }

    /// <summary>Number of bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>Takes some of the file's bytes, which are there until it returns.</summary>
    public delegate void Use(ReadOnlySpan<byte> bytes);

    /// <summary>Shows bytes that lie within the file, in place.</summary>
    /// <exception cref="CheckpointException">The file was shortened since it was opened.</exception>
    public unsafe void View(long position, int count, Use use)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);

        // Reading a mapped page beyond the end of a file ends the process, so a shortened file is noticed before.
        if (RandomAccess.GetLength(_handle) < position + count)
            throw new CheckpointException(Path, "the file was shortened after it was opened.");
        if (count == 0)
        {
            use([]);
            return;
        }

        using MemoryMappedViewAccessor view = _map!.CreateViewAccessor(position, count, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        try
        {
            use(new ReadOnlySpan<byte>(pointer + view.PointerOffset, count));
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    /// <summary>Copies bytes that lie within the file into a new array.</summary>
    public byte[] Read(long position, int count)
    {
        var bytes = new byte[count];
        for (int start = 0; start < count; start += WindowLength)
        {
            int from = start, length = Math.Min(count - start, WindowLength);
            View(position + from, length, window => window.CopyTo(bytes.AsSpan(from)));
        }

        return bytes;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _map?.Dispose();
        _handle.Dispose();
    }
}
