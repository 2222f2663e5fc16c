namespace LatentDiffusion.Hub.Tests;

/// <summary>A request with method GET for the content of a file, and what was sent.</summary>
internal sealed class SentPart(string path, long start, bool hasToken)
{
    private long _bytes;

    public string Path => path;

    /// <summary>First byte of the file that was sent.</summary>
    public long Start => start;

    public bool HasToken => hasToken;

    public long Bytes => Interlocked.Read(ref _bytes);

    public void Add(int count) => Interlocked.Add(ref _bytes, count);
}
