namespace LatentDiffusion;

/// <summary>Pictures to the bytes of a file and back. Immutable and safe for concurrent use.</summary>
public interface IImageCodec
{
    /// <summary>Encodes a picture as PNG, without loss.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="metadata">Text entries (PNG tEXt/iTXt) to write into the file; null for none.</param>
    byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null);

    /// <summary>Decodes a PNG, JPEG or WebP file. Transparent pixels are laid on white.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">The bytes are no picture that this codec can read.</exception>
    ImageBuffer Decode(ReadOnlySpan<byte> file);
}
