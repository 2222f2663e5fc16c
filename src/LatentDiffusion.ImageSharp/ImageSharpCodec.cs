using System.Net.Mime;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace LatentDiffusion;

/// <summary>
/// Reads and writes PNG, JPEG and WebP, by ImageSharp. Takes colours as they are stored, without colour management, and
/// turns pictures as their EXIF orientation says.
/// </summary>
public sealed class ImageSharpCodec : IImageCodec
{
    private const string Readable = "PNG, JPEG and WebP can be read";

    /// <summary>Of JPEG and WebP, out of 100: hardly told from the original.</summary>
    private const int LossyQuality = 90;

    private readonly int _maxPixels;

    // Knows no other format, and reads the first frame of animations alone.
    private readonly DecoderOptions _options = new()
    {
        Configuration = new Configuration(new PngConfigurationModule(), new JpegConfigurationModule(), new WebpConfigurationModule()), MaxFrames = 1,
    };

    /// <summary>A codec with a limit.</summary>
    /// <param name="maxPixels">
    /// Largest picture that is decoded, width·height; from 1 to 2^29 − 1, default 2^26, for example 8192 x 8192. A file that
    /// claims more is refused before memory is taken.
    /// </param>
    public ImageSharpCodec(int maxPixels = 1 << 26)
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
    public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) =>
        PngText.Insert(Encode(image, new PngEncoder { ColorType = PngColorType.Rgb, BitDepth = PngBitDepth.Bit8 }), metadata);

    /// <inheritdoc/>
    public byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(mediaType);
        return mediaType.ToLowerInvariant() switch
        {
            MediaTypeNames.Image.Png => EncodePng(image, metadata),
            MediaTypeNames.Image.Jpeg => Encode(image, new JpegEncoder { Quality = LossyQuality }),
            MediaTypeNames.Image.Webp => Encode(image, new WebpEncoder { FileFormat = WebpFileFormatType.Lossy, Quality = LossyQuality }),
            _ => throw new NotSupportedException($"{nameof(ImageSharpCodec)} does not write '{mediaType}'; it writes {string.Join(", ", MediaTypes)}."),
        };
    }

    /// <inheritdoc/>
    public ImageBuffer Decode(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty) throw new InvalidDataException($"The file is empty; {Readable}.");
        try
        {
            ImageInfo info = Image.Identify(_options, file);
            if (info.Width < 1 || info.Height < 1 || (long)info.Width * info.Height > _maxPixels)
                throw new InvalidDataException($"The picture claims {info.Width} x {info.Height} pixels; at most {_maxPixels} are decoded.");
            using Image<Rgba32> stored = Image.Load<Rgba32>(_options, file);
            stored.Mutate(x => x.AutoOrient().BackgroundColor(Color.FromRgb(Background.Red, Background.Green, Background.Blue)));
            using Image<Rgb24> opaque = stored.CloneAs<Rgb24>();
            return opaque.ToImageBuffer();
        }
        catch (UnknownImageFormatException e)
        {
            throw new InvalidDataException($"The {file.Length} bytes are no picture; {Readable}.", e);
        }
        catch (Exception e) when (IsOfDecoding(e))
        {
            throw new InvalidDataException($"The picture is damaged, truncated or of a kind that ImageSharp does not read ({e.Message})", e);
        }
    }

    /// <summary>What decoders throw beside exceptions of their own: for what they do not know of a format, and where damaged lengths and tables lead.</summary>
    private static bool IsOfDecoding(Exception e) => e
        is ImageFormatException or ImageProcessingException or NotSupportedException or InvalidOperationException
        or IOException or ArgumentException or IndexOutOfRangeException or ArithmeticException;

    private static byte[] Encode(ImageBuffer image, IImageEncoder encoder)
    {
        using Image<Rgb24> picture = image.ToImageSharp();
        using var stream = new MemoryStream();
        picture.Save(stream, encoder);
        return stream.ToArray();
    }
}
