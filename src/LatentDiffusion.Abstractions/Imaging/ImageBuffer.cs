namespace LatentDiffusion;

/// <summary>An immutable 8-bit RGB image: rows from the top, three bytes per pixel, without padding.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// SkiaImageCodec codec = new();
/// ImageBuffer photo = codec.Decode(File.ReadAllBytes("bird.jpg"));
/// byte[] inverted = [.. photo.Rgb.ToArray().Select(level => (byte)(255 - level))];
/// ImageBuffer negative = new(photo.Width, photo.Height, inverted);
/// File.WriteAllBytes("negative.png", codec.EncodePng(negative));
/// </code>
/// </example>
public sealed class ImageBuffer
{
    private readonly byte[] _rgb;

    /// <summary>Copies pixels into a new image.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="rgb">width·height·3 bytes.</param>
    /// <exception cref="ArgumentException">The number of bytes does not match the size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Width or height is less than 1.</exception>
    public ImageBuffer(int width, int height, ReadOnlySpan<byte> rgb)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (rgb.Length != (long)width * height * 3)
            throw new ArgumentException(
                $"A {width} x {height} RGB image has {(long)width * height * 3} bytes; {rgb.Length} were given.", nameof(rgb));
        Width = width;
        Height = height;
        _rgb = rgb.ToArray();
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The bytes: red, green and blue of each pixel, row by row from the top.</summary>
    public ReadOnlySpan<byte> Rgb => _rgb;
}
