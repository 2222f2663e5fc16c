namespace LatentDiffusion.Data;

/// <summary>
/// A file whose asynchronous reads complete synchronously on the caller's thread. Waiting for them then does not block a pool
/// thread that the reading itself needs, which would happen when many images are read in parallel. Repeated reads at the end of
/// the file, which the Parquet library makes on damaged files, throw an exception. The end of the file can be replaced in
/// memory; the file itself is not changed.
/// </summary>
internal sealed class SynchronousFileStream(string path) : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read)
{
    private const int MaximumReadsAtEnd = 16;

    private byte[] _end = [];
    private long? _endsAt;
    private int _readsAtEnd;

    public override long Length => _endsAt + _end.Length ?? base.Length;

    /// <summary>Replaces the bytes from a position on for further reads.</summary>
    public void ReplaceEnd(long position, byte[] end) => (_endsAt, _end) = (position, end);

    public override long Seek(long offset, SeekOrigin origin) =>
        origin == SeekOrigin.End ? base.Seek(Length + offset, SeekOrigin.Begin) : base.Seek(offset, origin);

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (Position >= _endsAt) return ReadEnd(buffer.AsSpan(offset, count));
        int most = _endsAt is { } at ? (int)Math.Min(count, at - Position) : count;
        return Counted(base.Read(buffer, offset, most), most);
    }

    // The base class calls the overload above.
    public override int Read(Span<byte> buffer) => Position >= _endsAt ? ReadEnd(buffer) : base.Read(buffer);

    public override int ReadByte()
    {
        byte last = 0;
        if (Position >= _endsAt) return ReadEnd(new Span<byte>(ref last)) == 0 ? -1 : last;
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

    private int ReadEnd(Span<byte> buffer)
    {
        ReadOnlySpan<byte> rest = _end.AsSpan((int)Math.Min(Position - _endsAt!.Value, _end.Length));
        int read = Math.Min(rest.Length, buffer.Length);
        rest[..read].CopyTo(buffer);
        Position += read;
        return Counted(read, buffer.Length);
    }

    private int Counted(int read, int asked)
    {
        if (read == 0 && asked > 0 && ++_readsAtEnd > MaximumReadsAtEnd)
            throw new EndOfStreamException("its pages claim more bytes than the file has.");
        return read;
    }
}
