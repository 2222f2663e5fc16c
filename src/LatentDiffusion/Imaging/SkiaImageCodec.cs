using System.Net.Mime;
using SkiaSharp;

namespace LatentDiffusion;

/// <summary>
/// Reads and writes PNG, JPEG and WebP, by Skia. Takes colours as they are stored, without colour management, and
/// turns pictures as their EXIF orientation says.
/// </summary>
public sealed class SkiaImageCodec : IImageCodec
{
    private const string Readable = "PNG, JPEG and WebP can be read";

    /// <summary>Of JPEG and WebP, out of 100: hardly told from the original.</summary>
    private const int LossyQuality = 90;

    private readonly int _maxPixels;

    /// <summary>A codec with a limit.</summary>
    /// <param name="maxPixels">
    /// Largest picture that is decoded, width·height; from 1 to 2^29 − 1, default 2^26, for example 8192 x 8192. A file that
    /// claims more is refused before memory is taken.
    /// </param>
    public SkiaImageCodec(int maxPixels = 1 << 26)
    {
        const int BytesAPixel = 4;
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPixels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxPixels, int.MaxValue / BytesAPixel);
        _maxPixels = maxPixels;
    }

    /// <summary>PNG without loss; JPEG and WebP at quality 90 of 100.</summary>
    public IReadOnlyList<string> MediaTypes { get; } = [MediaTypeNames.Image.Png, MediaTypeNames.Image.Jpeg, MediaTypeNames.Image.Webp];

    /// <summary>What transparent pixels are laid on when a file is decoded. Default white.</summary>
    public RgbColor Background { get; init; } = RgbColor.White;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A metadata key is no PNG keyword (1 to 79 printable Latin-1 characters), or a value has a NUL.</exception>
    public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using SKData png = Encode(image, SKEncodedImageFormat.Png, 100);
        return PngText.Insert(png.AsSpan(), metadata);
    }

    /// <inheritdoc/>
    public byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(mediaType);
        SKEncodedImageFormat format = mediaType.ToLowerInvariant() switch
        {
            MediaTypeNames.Image.Png => SKEncodedImageFormat.Png,
            MediaTypeNames.Image.Jpeg => SKEncodedImageFormat.Jpeg,
            MediaTypeNames.Image.Webp => SKEncodedImageFormat.Webp,
            _ => throw new NotSupportedException($"{nameof(SkiaImageCodec)} does not write '{mediaType}'; it writes {string.Join(", ", MediaTypes)}."),
        };
        if (format == SKEncodedImageFormat.Png) return EncodePng(image, metadata);
        using SKData data = Encode(image, format, LossyQuality);
        return data.ToArray();
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
            ?? throw new InvalidOperationException($"Skia could not encode a picture of {image.Width} x {image.Height} pixels as {format}.");
    }

    /// <inheritdoc/>
    public unsafe ImageBuffer Decode(ReadOnlySpan<byte> file)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = SKCodec.Create(data)
            ?? throw new InvalidDataException($"The {file.Length} bytes are no picture; {Readable}.");
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp))
            throw new InvalidDataException($"The picture is of the format {codec.EncodedFormat}; {Readable}.");
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width < 1 || height < 1 || (long)width * height > _maxPixels)
            throw new InvalidDataException($"The picture claims {width} x {height} pixels; at most {_maxPixels} are decoded.");
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(info);
        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
            throw new InvalidDataException($"The picture of {width} x {height} pixels is damaged or truncated ({result}).");
        var rgba = new ReadOnlySpan<byte>((void*)bitmap.GetPixels(), info.BytesSize);
        return Opaque(rgba, width, height, new Orientation(codec.EncodedOrigin), Background);
    }

    private static ImageBuffer Opaque(ReadOnlySpan<byte> rgba, int width, int height, Orientation orientation, RgbColor background)
    {
        (int turnedWidth, int turnedHeight) = orientation.SwapsSides ? (height, width) : (width, height);
        var rgb = new byte[width * height * 3];
        int target = 0;
        for (int y = 0; y < turnedHeight; y++)
        {
            for (int x = 0; x < turnedWidth; x++)
            {
                (int column, int row) = orientation.Source(x, y, width, height);
                ReadOnlySpan<byte> pixel = rgba.Slice((row * width + column) * 4, 4);
                rgb[target++] = Over(pixel[0], background.Red, pixel[3]);
                rgb[target++] = Over(pixel[1], background.Green, pixel[3]);
                rgb[target++] = Over(pixel[2], background.Blue, pixel[3]);
            }
        }

        return new ImageBuffer(turnedWidth, turnedHeight, rgb);

        static byte Over(byte value, byte below, byte alpha) =>
            (byte)((value * alpha + (byte.MaxValue - alpha) * below + byte.MaxValue / 2) / byte.MaxValue);
    }

    /// <summary>How a stored picture is turned for viewing (EXIF 2.32, orientation).</summary>
    private readonly struct Orientation(SKEncodedOrigin origin)
    {
        public bool SwapsSides => origin
            is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;

        /// <summary>Where in the stored picture the pixel (x, y) of the turned one is.</summary>
        public (int Column, int Row) Source(int x, int y, int width, int height) => origin switch
        {
            SKEncodedOrigin.TopRight => (width - 1 - x, y),
            SKEncodedOrigin.BottomRight => (width - 1 - x, height - 1 - y),
            SKEncodedOrigin.BottomLeft => (x, height - 1 - y),
            SKEncodedOrigin.LeftTop => (y, x),
            SKEncodedOrigin.RightTop => (y, height - 1 - x),
            SKEncodedOrigin.RightBottom => (width - 1 - y, height - 1 - x),
            SKEncodedOrigin.LeftBottom => (width - 1 - y, x),
            _ => (x, y),
        };
    }
}
