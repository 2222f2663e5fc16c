using System.Net.Mime;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;

namespace LatentDiffusion;

/// <summary>
/// Reads and writes PNG, JPEG and WebP with ImageSharp. Colours are taken as stored, without colour management; the EXIF
/// orientation is applied.
/// </summary>
public sealed class ImageSharpCodec : IImageCodec
{
    private const string Readable = "PNG, JPEG and WebP can be read";

    /// <summary>JPEG and WebP quality, out of 100: visually close to lossless.</summary>
    private const int LossyQuality = 90;

    private readonly int _maxPixels;

    // The formats that the library reads, and no others.
    private static readonly Configuration s_formats = new(
        new PngConfigurationModule(), new JpegConfigurationModule(), new WebpConfigurationModule());

    /// <summary>Creates a codec with a size limit.</summary>
    /// <param name="maxPixels">
    /// The largest image to decode, width·height; from 1 to 2^29 − 1, default 2^26, for example 8192 × 8192. A larger file is
    /// refused before its pixels are allocated.
    /// </param>
    public ImageSharpCodec(int maxPixels = 1 << 26)
    {
        const int BytesAPixel = 4;
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPixels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxPixels, int.MaxValue / BytesAPixel);
        _maxPixels = maxPixels;
    }

    /// <summary>PNG without loss; JPEG and WebP, by default at quality 90 of 100.</summary>
    public IReadOnlyList<string> MediaTypes { get; } = [MediaTypeNames.Image.Png, MediaTypeNames.Image.Jpeg, MediaTypeNames.Image.Webp];

    /// <summary>The colour behind transparent pixels when a file is decoded without a background argument. Default white.</summary>
    public RgbColor Background { get; init; } = RgbColor.White;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// A metadata key is not a PNG keyword (1 to 79 printable Latin-1 characters), or a value contains NUL.
    /// </exception>
    public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) =>
        PngText.Insert(Encode(image, new PngEncoder { ColorType = PngColorType.Rgb, BitDepth = PngBitDepth.Bit8 }), metadata);

    /// <inheritdoc/>
    public byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata = null) =>
        Encode(image, mediaType, metadata, quality: null);

    /// <inheritdoc/>
    public byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata, int? quality)
    {
        ArgumentException.ThrowIfNullOrEmpty(mediaType);
        ImageQuality.Check(quality);
        int lossy = quality ?? LossyQuality;
        return mediaType.ToLowerInvariant() switch
        {
            MediaTypeNames.Image.Png => EncodePng(image, metadata),
            MediaTypeNames.Image.Jpeg => ImageTexts.Insert(Encode(image, new JpegEncoder { Quality = lossy }), metadata),
            MediaTypeNames.Image.Webp => ImageTexts.Insert(
                Encode(image, new WebpEncoder { FileFormat = WebpFileFormatType.Lossy, Quality = lossy }), metadata),
            _ => throw new NotSupportedException(
                $"{nameof(ImageSharpCodec)} does not write '{MessageText.Truncate(mediaType, 100)}'; "
                + $"it writes {string.Join(", ", MediaTypes)}."),
        };
    }

    /// <inheritdoc/>
    public ImageBuffer Decode(ReadOnlySpan<byte> file) => Decode(file, Background);

    /// <inheritdoc/>
    public ImageBuffer Decode(ReadOnlySpan<byte> file, RgbColor background)
    {
        using Image<Rgba32> stored = Read(file);
        return ExifOrientation.Apply(stored.ToImageBuffer(background), ExifOrientation.Read(file));
    }

    /// <inheritdoc/>
    public ImageBuffer? DecodeTransparency(ReadOnlySpan<byte> file)
    {
        using Image<Rgba32> stored = Read(file);
        var rgba = new byte[(long)stored.Width * stored.Height * 4];
        stored.CopyPixelDataTo(rgba);
        return TransparencyMask.FromRgba(rgba, stored.Width, stored.Height) is { } mask
            ? ExifOrientation.Apply(mask, ExifOrientation.Read(file))
            : null;
    }

    /// <summary>The pixels as stored in the file, without orientation: ImageSharp does not find all forms of EXIF.</summary>
    private Image<Rgba32> Read(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty) throw new InvalidDataException($"The file is empty; {Readable}.");
        try
        {
            using var stream = new MemoryStream(file.ToArray(), writable: false);
            IImageInfo info = Image.Identify(s_formats, stream)
                ?? throw new InvalidDataException($"The {file.Length} bytes are not an image; {Readable}.");
            if (info.Width < 1 || info.Height < 1 || (long)info.Width * info.Height > _maxPixels)
                throw new InvalidDataException($"The image has {info.Width} x {info.Height} pixels; at most {_maxPixels} are decoded.");
            return Image.Load<Rgba32>(s_formats, file);
        }
        catch (UnknownImageFormatException e)
        {
            throw new InvalidDataException($"The {file.Length} bytes are not an image; {Readable}.", e);
        }
        catch (Exception e) when (IsOfDecoding(e))
        {
            throw new InvalidDataException($"The image is damaged, truncated or not supported by ImageSharp ({e.Message})", e);
        }
    }

    // Unsupported features and damaged lengths or tables surface as these, in addition to ImageSharp's own exceptions.
    private static bool IsOfDecoding(Exception e) => e
        is ImageFormatException or ImageProcessingException or NotSupportedException or InvalidOperationException
        or IOException or ArgumentException or IndexOutOfRangeException or ArithmeticException
        or NullReferenceException; // Image.Identify of a JPEG file without a frame

    private static byte[] Encode(ImageBuffer image, IImageEncoder encoder)
    {
        using Image<Rgb24> pixels = image.ToImageSharp();
        using var stream = new MemoryStream();
        pixels.Save(stream, encoder);
        return stream.ToArray();
    }
}
