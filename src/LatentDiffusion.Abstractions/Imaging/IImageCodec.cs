using System.Net.Mime;

namespace LatentDiffusion;

/// <summary>Encodes and decodes image files. Implementations are immutable and safe for concurrent use.</summary>
public interface IImageCodec
{
    /// <summary>Encodes an image as lossless PNG.</summary>
    /// <param name="image">The image.</param>
    /// <param name="metadata">Text entries (PNG tEXt/iTXt) to write into the file; null for none.</param>
    byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null);

    /// <summary>Media types that the codec encodes, PNG first. Default: only PNG.</summary>
    IReadOnlyList<string> MediaTypes => [MediaTypeNames.Image.Png];

    /// <summary>Encodes an image as one of <see cref="MediaTypes"/>.</summary>
    /// <param name="image">The image.</param>
    /// <param name="mediaType">For example <c>image/png</c>; case does not matter.</param>
    /// <param name="metadata">
    /// Text entries, written where codec and format support them: PNG, and with the codecs of this library JPEG and WebP. Null for none.
    /// </param>
    /// <exception cref="NotSupportedException">The codec does not write this type; the message lists those it does.</exception>
    byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata = null) =>
        MediaTypeNames.Image.Png.Equals(mediaType, StringComparison.OrdinalIgnoreCase)
            ? EncodePng(image, metadata)
            : throw new NotSupportedException($"{GetType().Name} does not write '{mediaType}'; it writes {string.Join(", ", MediaTypes)}.");

    /// <summary>
    /// Encodes an image as one of <see cref="MediaTypes"/> with a quality. Default: PNG, and other types without a quality, are encoded as
    /// without this parameter; a quality of other types is refused.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="mediaType">For example <c>image/jpeg</c>; case does not matter.</param>
    /// <param name="metadata">Text entries; null for none.</param>
    /// <param name="quality">
    /// Quality of lossy formats from 1 (smallest file) to 100 (best image); null for the codec's default. PNG is lossless at any quality.
    /// </param>
    /// <exception cref="NotSupportedException">
    /// The codec does not write this type, or does not write it with a quality of choice.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="quality"/> is out of range.</exception>
    byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata, int? quality)
    {
        ImageQuality.Check(quality);
        return quality is null || MediaTypeNames.Image.Png.Equals(mediaType, StringComparison.OrdinalIgnoreCase)
            ? Encode(image, mediaType, metadata)
            : throw new NotSupportedException($"{GetType().Name} writes '{mediaType}' only with its default quality, not {quality}.");
    }

    /// <summary>
    /// Extensions of the files that <see cref="Decode(ReadOnlySpan{byte})"/> reads, in lower case with the dot. They decide
    /// which files of a folder count as images. Default: those of PNG, JPEG and WebP.
    /// </summary>
    IReadOnlyList<string> FileExtensions => [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"];

    /// <summary>Decodes a PNG, JPEG or WebP file. Transparent pixels are blended with white.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">The bytes are not an image that this codec can read.</exception>
    ImageBuffer Decode(ReadOnlySpan<byte> file);

    /// <summary>
    /// Decodes a file and blends its transparent pixels with a colour. Masks and control images need black: otherwise a canvas
    /// that is transparent where nothing was drawn would become white. Default <see cref="Decode(ReadOnlySpan{byte})"/>, for
    /// codecs whose formats have no transparency.
    /// </summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="background">The colour under transparent pixels; partly transparent ones are blended with it.</param>
    /// <exception cref="InvalidDataException">The bytes are not an image that this codec can read.</exception>
    ImageBuffer Decode(ReadOnlySpan<byte> file, RgbColor background) => Decode(file);

    /// <summary>
    /// Decodes a file's transparency as a mask: white where a pixel is transparent and therefore to be repainted, black where
    /// it is opaque. An image with erased parts is then its own mask. Default null, for codecs whose formats have no transparency.
    /// </summary>
    /// <param name="file">The file's bytes.</param>
    /// <returns>A mask of the image's size, grey where it is partly transparent; null if every pixel is opaque.</returns>
    /// <exception cref="InvalidDataException">The bytes are not an image that this codec can read.</exception>
    ImageBuffer? DecodeTransparency(ReadOnlySpan<byte> file) => null;

    /// <summary>
    /// Reads the width and height that an image has after decoding, from its header where the codec can. Default: decodes it.
    /// </summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">The bytes are not an image that this codec can read.</exception>
    (int Width, int Height) ReadSize(ReadOnlySpan<byte> file)
    {
        ImageBuffer image = Decode(file);
        return (image.Width, image.Height);
    }
}
