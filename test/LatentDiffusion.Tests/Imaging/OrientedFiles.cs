using System.Buffers.Binary;
using SkiaSharp;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>Image files of 16 x 8 pixels, with quarters a b above c d, that have an EXIF orientation.</summary>
internal static class OrientedFiles
{
    /// <summary>Positions of EXIF: in each container, and in WebP with the prefix of JPEG.</summary>
    public static readonly string[] Containers = ["jpeg", "png", "png little-endian", "png behind the pixels", "webp", "webp with prefix"];

    /// <summary>Size and upper left quarter of the upright image, for orientations 1 to 8.</summary>
    public static readonly (int Width, int Height, char TopLeft)[] Turned =
        [(16, 8, 'a'), (16, 8, 'b'), (16, 8, 'd'), (16, 8, 'c'), (8, 16, 'a'), (8, 16, 'c'), (8, 16, 'd'), (8, 16, 'b')];

    public static SKColor Colour(char quarter) => quarter switch
    {
        'a' => SKColors.Red,
        'b' => SKColors.Lime,
        'c' => SKColors.Blue,
        _ => SKColors.White,
    };

    public static byte[] Make(string container, int orientation)
    {
        using var bitmap = new SKBitmap(16, 8, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int x = 0; x < 16; x++)
            for (int y = 0; y < 8; y++) bitmap.SetPixel(x, y, Colour((char)('a' + (x < 8 ? 0 : 1) + (y < 4 ? 0 : 2))));
        SKEncodedImageFormat format = container[0] switch
        {
            'j' => SKEncodedImageFormat.Jpeg,
            'p' => SKEncodedImageFormat.Png,
            _ => SKEncodedImageFormat.Webp,
        };
        using SKData data = bitmap.Encode(format, 100);
        byte[] file = data.ToArray(), exif = Exif(orientation, little: container.Contains("little", StringComparison.Ordinal));
        return container switch
        {
            "jpeg" => [.. file[..2], 0xff, 0xe1, 0, (byte)(exif.Length + 8), .. "Exif\0\0"u8, .. exif, .. file[2..]],
            "png behind the pixels" => [.. file[..^12], .. PngChunkOf(exif), .. file[^12..]],
            "webp" => Webp(file, exif),
            "webp with prefix" => Webp(file, [.. "Exif\0\0"u8, .. exif]),
            // After the header, which has 25 bytes with its frame.
            _ => [.. file[..33], .. PngChunkOf(exif), .. file[33..]],
        };
    }

    /// <summary>The chunk of a PNG file, which may follow its 33 bytes of signature and header.</summary>
    public static byte[] PngExif(int orientation) => PngChunkOf(Exif(orientation, little: false));

    /// <summary>A TIFF structure with another entry before the orientation.</summary>
    private static byte[] Exif(int orientation, bool little)
    {
        ushort[] numbers = [2, 0x010f, 2, 0, 1, 0, 0, 0x0112, 3, 0, 1, (ushort)orientation, 0, 0, 0];
        if (little) numbers = [2, 0x010f, 2, 1, 0, 0, 0, 0x0112, 3, 1, 0, (ushort)orientation, 0, 0, 0];
        byte[] head = little ? [(byte)'I', (byte)'I', 42, 0, 8, 0, 0, 0] : [(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8];
        return [.. head, .. numbers.SelectMany(n => little ? new[] { (byte)n, (byte)(n >> 8) } : [(byte)(n >> 8), (byte)n])];
    }

    private static byte[] PngChunkOf(byte[] exif)
    {
        using var stream = new MemoryStream();
        new PngChunk("eXIf"u8, exif).Write(stream);
        return stream.ToArray();
    }

    /// <summary>The extended format: only this one supports EXIF.</summary>
    private static byte[] Webp(byte[] simple, byte[] exif)
    {
        const byte ExifFlag = 8;
        byte[] extended = Chunk("VP8X", [ExifFlag, 0, 0, 0, 15, 0, 0, 7, 0, 0]);
        byte[] content = [.. "WEBP"u8, .. extended, .. simple[12..], .. Chunk("EXIF", exif)];
        return Chunk("RIFF", content);

        static byte[] Chunk(string name, byte[] data)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
            return [.. name.Select(c => (byte)c), .. length, .. data, .. data.Length % 2 == 0 ? Array.Empty<byte>() : [0]];
        }
    }
}
