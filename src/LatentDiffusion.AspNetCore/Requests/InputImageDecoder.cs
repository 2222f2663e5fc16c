namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>
/// Decodes images that clients send, as many at once as there are processors: a decoded image is far larger than its file.
/// </summary>
internal sealed class InputImageDecoder(IImageCodec codec, CurrentServerOptions options) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(Environment.ProcessorCount);

    /// <summary>Decodes the images of one request.</summary>
    /// <param name="left">Cancelled when the client leaves.</param>
    public RequestImages ForRequest(CancellationToken left) => new(this, options.Value.MaximumInputPixels, left);

    /// <summary>Reads a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="check">Sees width and height before the file is decoded.</param>
    /// <param name="decode">Decodes the file.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    /// <exception cref="InvalidDataException">It is not an image.</exception>
    public async Task<T> ReadAsync<T>(
        IFormFile file, Action<int, int> check, Func<IImageCodec, byte[], T> decode, CancellationToken cancellationToken)
    {
        using Turn turn = await TakeTurnAsync(cancellationToken).ConfigureAwait(false);
        var bytes = new byte[file.Length];
        Stream stream = file.OpenReadStream();
        await using (stream.ConfigureAwait(false)) await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        (int width, int height) = codec.ReadSize(bytes);
        check(width, height);
        return decode(codec, bytes);
    }

    /// <summary>Waits for a turn to work with images, which lasts until it is disposed.</summary>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    public async Task<Turn> TakeTurnAsync(CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_turns);
    }

    public void Dispose() => _turns.Dispose();

    internal readonly struct Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
