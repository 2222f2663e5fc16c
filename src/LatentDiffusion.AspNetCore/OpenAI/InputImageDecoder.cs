namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>
/// Decodes images that clients send, as many at once as there are processors: a decoded image is far larger than its file.
/// </summary>
internal sealed class InputImageDecoder(IImageCodec codec, IOptionsMonitor<LatentDiffusionServerOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(Environment.ProcessorCount);

    /// <summary>Decodes a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="field">Its field, for messages.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    /// <exception cref="OpenAIException">It is not an image, or one of too many pixels.</exception>
    public Task<ImageBuffer> DecodeAsync(IFormFile file, string field, CancellationToken cancellationToken) =>
        ReadAsync(file, field, bytes => codec.Decode(bytes), cancellationToken);

    /// <summary>Reads which pixels of a file are transparent, white in the result; null where all are opaque.</summary>
    /// <inheritdoc cref="DecodeAsync" path="/param"/>
    /// <inheritdoc cref="DecodeAsync" path="/exception"/>
    public Task<ImageBuffer?> DecodeTransparencyAsync(IFormFile file, string field, CancellationToken cancellationToken) =>
        ReadAsync(file, field, bytes => codec.DecodeTransparency(bytes), cancellationToken);

    public void Dispose() => _turns.Dispose();

    private async Task<T> ReadAsync<T>(IFormFile file, string field, Func<byte[], T> decode, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var bytes = new byte[file.Length];
            Stream stream = file.OpenReadStream();
            await using (stream.ConfigureAwait(false)) await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            (int width, int height) = codec.ReadSize(bytes);
            int maximum = options.CurrentValue.MaximumInputPixels;
            return (long)width * height <= maximum
                ? decode(bytes)
                : throw OpenAIErrors.Invalid($"{field} has {width} x {height} pixels; expected at most {maximum} pixels.", field);
        }
        catch (InvalidDataException e)
        {
            throw OpenAIErrors.Invalid($"{field} cannot be read: {e.Message}", field, "invalid_image_file");
        }
        finally
        {
            _turns.Release();
        }
    }
}
