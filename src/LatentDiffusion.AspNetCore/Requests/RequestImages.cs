namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>
/// Decodes the images of one request. Small files may have many pixels, so each image has a limit, and all of them together have one.
/// </summary>
/// <param name="decoder">The decoder.</param>
/// <param name="maximumPixels">The most pixels of an image.</param>
/// <param name="left">Cancelled when the client leaves.</param>
internal sealed class RequestImages(InputImageDecoder decoder, int maximumPixels, CancellationToken left)
{
    /// <summary>How many images of the largest size a request may have.</summary>
    public const int LargestImages = 4;

    private long _pixelsLeft = (long)LargestImages * maximumPixels;

    /// <summary>Decodes a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="field">Its field, for messages.</param>
    /// <param name="background">The colour behind transparent pixels.</param>
    /// <exception cref="RequestException">It is not an image, or one of too many pixels.</exception>
    public Task<ImageBuffer> DecodeAsync(IFormFile file, string field, RgbColor background) =>
        ReadAsync(file, field, (codec, bytes) => codec.Decode(bytes, background));

    /// <summary>Decodes the files of a field; null if there are none.</summary>
    /// <inheritdoc cref="DecodeAsync(IFormFile, string, RgbColor)" path="/param"/>
    /// <inheritdoc cref="DecodeAsync(IFormFile, string, RgbColor)" path="/exception"/>
    public async Task<IReadOnlyList<ImageBuffer>?> DecodeAsync(IReadOnlyList<IFormFile> files, string field, RgbColor background)
    {
        var images = new List<ImageBuffer>();
        foreach (IFormFile file in files) images.Add(await DecodeAsync(file, field, background).ConfigureAwait(false));
        return images.Count > 0 ? images : null;
    }

    /// <summary>Reads which pixels of a file are transparent, white in the result; null where all are opaque.</summary>
    /// <inheritdoc cref="DecodeAsync(IFormFile, string, RgbColor)" path="/param"/>
    /// <inheritdoc cref="DecodeAsync(IFormFile, string, RgbColor)" path="/exception"/>
    public Task<ImageBuffer?> DecodeTransparencyAsync(IFormFile file, string field) =>
        ReadAsync(file, field, (codec, bytes) => codec.DecodeTransparency(bytes));

    private async Task<T> ReadAsync<T>(IFormFile file, string field, Func<IImageCodec, byte[], T> decode)
    {
        try
        {
            return await decoder.ReadAsync(file, Check, decode, left).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw RequestErrors.Invalid($"{field} cannot be read: {e.Message}", field, "invalid_image_file");
        }

        void Check(int width, int height)
        {
            long pixels = (long)width * height;
            if (pixels > maximumPixels)
                throw RequestErrors.Invalid($"{field} has {width} x {height} pixels; expected at most {maximumPixels} pixels.", field);
            _pixelsLeft -= pixels;
            if (_pixelsLeft >= 0) return;
            throw RequestErrors.Invalid(
                $"{field} brings the images of the request to more than {(long)LargestImages * maximumPixels} pixels.", field);
        }
    }
}
