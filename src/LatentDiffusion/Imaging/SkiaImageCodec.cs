using System.Net.Mime;
using SkiaSharp;

namespace LatentDiffusion;

/// <summary>
/// Reads and writes PNG, JPEG and WebP, and reads GIF and BMP, with Skia. Only the first image of an animation is read. Colours are
/// taken as stored, without colour management; the EXIF orientation is applied.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// SkiaImageCodec codec = new(maxPixels: 4096 * 4096) { Background = RgbColor.White };
/// ImageBuffer image = codec.Decode(File.ReadAllBytes("bird.png"));
/// File.WriteAllBytes("bird.webp", codec.Encode(image, "image/webp", metadata: null, quality: 80));
/// </code>
/// </example>
public sealed class SkiaImageCodec : IImageCodec
{
    private const string Readable = "PNG, JPEG, WebP, GIF and BMP can be read";

    /// <summary>JPEG and WebP quality, out of 100: visually close to lossless.</summary>
    private const int LossyQuality = 90;

    private readonly int _maxPixels;

    /// <summary>Creates a codec with a size limit.</summary>
    /// <param name="maxPixels">
    /// The largest image to decode, width·height; from 1 to 2^29 − 1, default 2^26, for example 8192 x 8192. A larger file is
    /// refused before its pixels are allocated.
    /// </param>
    public SkiaImageCodec(int maxPixels = 1 << 26)
    {
        const int BytesAPixel = 4;
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPixels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxPixels, int.MaxValue / BytesAPixel);
        _maxPixels = maxPixels;
    }

    /// <summary>PNG without loss; JPEG and WebP, by default at quality 90 of 100.</summary>
    public IReadOnlyList<string> MediaTypes { get; } = [MediaTypeNames.Image.Png, MediaTypeNames.Image.Jpeg, MediaTypeNames.Image.Webp];

    /// <inheritdoc/>
    public IReadOnlyList<string> FileExtensions { get; } = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp"];

    /// <summary>The colour behind transparent pixels when a file is decoded without a background argument. Default white.</summary>
    public RgbColor Background { get; init; } = RgbColor.White;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// A metadata key is not a PNG keyword (1 to 79 printable Latin-1 characters), or a value contains NUL.
    /// </exception>
    public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using SKData png = Encode(image, SKEncodedImageFormat.Png, 100);
        return PngText.Insert(png.AsSpan(), metadata);
    }

    /// <inheritdoc/>
    public byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata = null) =>
        Encode(image, mediaType, metadata, quality: null);

    /// <inheritdoc/>
    public byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata, int? quality)
    {
        ArgumentException.ThrowIfNullOrEmpty(mediaType);
        ImageQuality.Check(quality);
        SKEncodedImageFormat format = mediaType.ToLowerInvariant() switch
        {
            MediaTypeNames.Image.Png => SKEncodedImageFormat.Png,
            MediaTypeNames.Image.Jpeg => SKEncodedImageFormat.Jpeg,
            MediaTypeNames.Image.Webp => SKEncodedImageFormat.Webp,
            _ => throw new NotSupportedException(
                $"{nameof(SkiaImageCodec)} does not write '{MessageText.Truncate(mediaType, 100)}'; "
                + $"it writes {string.Join(", ", MediaTypes)}."),
        };
        if (format == SKEncodedImageFormat.Png) return EncodePng(image, metadata);
        using SKData data = Encode(image, format, quality ?? LossyQuality);
        return ImageTexts.Insert(data.AsSpan(), metadata);
    }

    private static unsafe SKData Encode(ImageBuffer image, SKEncodedImageFormat format, int quality)
    {
        ArgumentNullException.ThrowIfNull(image);
        var info = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var bitmap = new SKBitmap(info);
        var rgba = new Span<byte>((void*)bitmap.GetPixels(), info.BytesSize);
        ReadOnlySpan<byte> rgb = image.Rgb;
        for (int source = 0, target = 0; source < rgb.Length; source += 3, target += 4)
        {
            rgb.Slice(source, 3).CopyTo(rgba[target..]);
            rgba[target + 3] = byte.MaxValue;
        }

        return bitmap.Encode(format, quality)
            ?? throw new InvalidOperationException(
                $"Skia could not encode an image of {image.Width} x {image.Height} pixels as {format}.");
    }

    /// <inheritdoc/>
    public ImageBuffer Decode(ReadOnlySpan<byte> file) => Decode(file, Background);

    /// <inheritdoc/>
    public ImageBuffer Decode(ReadOnlySpan<byte> file, RgbColor background)
    {
        using SKBitmap stored = Read(file);
        var image = new ImageBuffer(stored.Width, stored.Height, OpaquePixels.FromRgba(Pixels(stored), background));
        return ExifOrientation.Apply(image, ExifOrientation.Read(file));
    }

    /// <inheritdoc/>
    public (int Width, int Height) ReadSize(ReadOnlySpan<byte> file)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = Open(data);
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        return ExifOrientation.SwapsSides(ExifOrientation.Read(file)) ? (height, width) : (width, height);
    }

    /// <inheritdoc/>
    public ImageBuffer? DecodeTransparency(ReadOnlySpan<byte> file)
    {
        using SKBitmap stored = Read(file);
        ImageBuffer? mask = TransparencyMask.FromRgba(Pixels(stored), stored.Width, stored.Height);
        return mask is null ? null : ExifOrientation.Apply(mask, ExifOrientation.Read(file));
    }

    /// <summary>
    /// The pixels as stored in the file (red, green, blue and alpha), without orientation: Skia does not find all forms of EXIF.
    /// </summary>
    private SKBitmap Read(ReadOnlySpan<byte> file)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = Open(data);
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        SKCodecResult result = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        if (result == SKCodecResult.Success) return bitmap;
        bitmap.Dispose();
        throw new InvalidDataException($"The image of {width} x {height} pixels is damaged or truncated ({result}).");
    }

    private SKCodec Open(SKData data)
    {
        SKCodec codec = SKCodec.Create(data) ?? throw new InvalidDataException($"The {data.Size} bytes are not an image; {Readable}.");
        bool isReadable = codec.EncodedFormat is SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp
            or SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp;
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        string? problem = !isReadable ? $"The image is of the format {codec.EncodedFormat}; {Readable}."
            : width < 1 || height < 1 || (long)width * height > _maxPixels
                ? $"The image claims {width} x {height} pixels; at most {_maxPixels} are decoded."
            : null;
        if (problem is null) return codec;
        codec.Dispose();
        throw new InvalidDataException(problem);
    }

    private static unsafe ReadOnlySpan<byte> Pixels(SKBitmap bitmap) => new((void*)bitmap.GetPixels(), bitmap.Info.BytesSize);
}
