
namespace LatentDiffusion.AspNetCore.Limits;

/// <summary>
/// The body of a request up to a limit. A server's own limit closes the connection, so that clients which still send see no answer; after
/// this one, the server reads and drops the rest for some time.
/// </summary>
internal sealed class LimitedBody : Stream
{
    private readonly Stream _body;
    private readonly long _maximum;
    private long _read;

    private LimitedBody(Stream body, long maximum) => (_body, _maximum) = (body, maximum);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Limits the body of a request.</summary>
    /// <exception cref="RequestException">The client says that it is longer.</exception>
    public static void Limit(HttpRequest request, long maximum)
    {
        if (request.ContentLength > maximum) throw RequestErrors.TooLarge(maximum);
        request.Body = new LimitedBody(request.Body, maximum);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await _body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Count(_body.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int read) => (_read += read) <= _maximum ? read : throw RequestErrors.TooLarge(_maximum);
}
