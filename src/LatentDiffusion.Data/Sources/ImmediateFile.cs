namespace LatentDiffusion.Data;

/// <summary>
/// A file whose asynchronous reads are done at once by the caller's thread. Waiting for them then blocks no thread of the
/// pool that is needed for the reading itself, which many pictures read in parallel would.
/// </summary>
internal sealed class ImmediateFile(string path) : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read)
{
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
}
