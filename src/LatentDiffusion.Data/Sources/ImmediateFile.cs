namespace LatentDiffusion.Data;

/// <summary>
/// A file whose asynchronous reads are done at once by the caller's thread. Waiting for them then blocks no thread of the
/// pool that is needed for the reading itself, which many images read in parallel would. Reading at its end, over and over
/// as damaged files make the Parquet library do, ends with an exception.
/// </summary>
internal sealed class ImmediateFile(string path) : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read)
{
    private const int MaximumReadsAtEnd = 16;

    private int _readsAtEnd;

    public override int Read(byte[] buffer, int offset, int count) => Counted(base.Read(buffer, offset, count), count);

    public override int Read(Span<byte> buffer) => Counted(base.Read(buffer), buffer.Length);

    public override int ReadByte()
    {
        int value = base.ReadByte();
        Counted(value < 0 ? 0 : 1, 1);
        return value;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Read(buffer, offset, count));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(buffer.Span));
    }

    private int Counted(int read, int asked)
    {
        if (read == 0 && asked > 0 && ++_readsAtEnd > MaximumReadsAtEnd) throw new EndOfStreamException("its pages claim more bytes than the file has.");
        return read;
    }
}
