namespace LatentDiffusion.Hub;

/// <summary>
/// The unfinished file of a download. It only grows at its end, so that its bytes are at any time the first ones of the download:
/// this program and huggingface_hub resume it after its last byte.
/// </summary>
internal sealed class GrowingFile : IDisposable
{
    private readonly FileStream _stream;

    public GrowingFile(string path)
    {
        Path = path;
        _stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _stream.Position = Length = _stream.Length;
    }

    public string Path { get; }

    public long Length { get; private set; }

    /// <exception cref="HubDiskFullException">The disk is full.</exception>
    /// <exception cref="HubException">The file cannot be written.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
            Length += bytes.Length;
        }
        catch (IOException e)
        {
            throw Failure(e);
        }
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        _stream.SetLength(0);
        Length = _stream.Position = 0;
    }

    /// <summary>Makes sure that the bytes survive a loss of power.</summary>
    public void Flush()
    {
        try
        {
            _stream.Flush(flushToDisk: true);
        }
        catch (IOException e)
        {
            throw Failure(e);
        }
    }

    public void Dispose() => _stream.Dispose();

    private HubException Failure(IOException e)
    {
        // A write may have stored a part of its bytes.
        try
        {
            _stream.SetLength(Length);
        }
        catch (IOException)
        {
            // The hash is checked in any case.
        }

        return HubDiskFullException.IsCauseOf(e)
            ? new HubDiskFullException($"The disk is full: '{Path}' has {Length} bytes so far, which the next download resumes.", e)
            : new HubException($"'{Path}' cannot be written: {e.Message}", e);
    }
}
