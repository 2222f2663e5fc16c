using System.IO.Compression;
using System.Net.Mime;
using System.Text;

namespace LatentDiffusion.Fuzzing;

/// <summary>Image files, as images and as masks, and the texts in them.</summary>
internal static class ImageTargets
{
    private static readonly SkiaImageCodec s_codec = new(maxPixels: 1 << 20);

    /// <summary>An EXIF block with a rotation by 90 degrees.</summary>
    private static readonly byte[] s_exif = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];

    public static FuzzTarget Png(string name, string folder)
    {
        byte[] seed = Seed(MediaTypeNames.Image.Png);
        (string, byte[])[] others =
        [
            ("eXIf", s_exif), ("tRNS", [0, 1, 0, 2, 0, 3]), ("PLTE", new byte[30]), ("acTL", new byte[8]),
            ("iCCP", [.. "a\0\0"u8, .. Deflated(new string('a', 1000))]), ("IHDR", [0, 0, 0, 5, 0, 0, 0, 5, 16, 6, 0, 0, 1]),
        ];
        return new FuzzTarget(name, random => PngMutation.Apply(seed, random, others), Decode, typeof(InvalidDataException));
    }

    public static FuzzTarget Jpeg(string name, string folder)
    {
        byte[] plain = Seed(MediaTypeNames.Image.Jpeg), block = [.. "Exif\0\0"u8, .. s_exif];
        byte[] turned = [.. plain[..2], 0xff, 0xe1, 0, (byte)(block.Length + 2), .. block, .. plain[2..]];
        return new FuzzTarget(
            name, random => ByteMutation.Apply(random.Next(2) == 0 ? plain : turned, random), Decode, typeof(InvalidDataException));
    }

    public static FuzzTarget Webp(string name, string folder)
    {
        byte[] seed = Seed(MediaTypeNames.Image.Webp);
        return new FuzzTarget(name, random => ByteMutation.Apply(seed, random), Decode, typeof(InvalidDataException));
    }

    public static FuzzTarget PngTexts(string name, string folder)
    {
        var texts = new Dictionary<string, string>
        {
            ["prompt"] = "a “star”", ["negative_prompt"] = "", ["seed"] = "5", ["steps"] = "4", ["guidance_scale"] = "5",
            ["width"] = "8", ["height"] = "8", ["size_conditioning_input"] = "{\"original_width\":5}",
        };
        const string Parameters = "parameters\0a\nNegative prompt: b\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512";
        byte[] seed = s_codec.EncodePng(new ImageBuffer(1, 1, new byte[3]), texts);
        (string, byte[])[] others =
        [
            ("tEXt", "steps\0004"u8.ToArray()), ("zTXt", [.. "prompt\0\0"u8, .. Deflated("a")]),
            ("zTXt", [.. "guidance_scale\0\0"u8, .. Deflated(new string('1', 5_000_000))]),
            ("iTXt", [.. "strength\0\u0001\0en\0staerke\0"u8, .. Deflated("0.5")]),
            ("tEXt", Encoding.UTF8.GetBytes(Parameters)), ("eXIf", s_exif),
        ];
        return new FuzzTarget(
            name, random => PngMutation.Apply(seed, random, others),
            bytes =>
            {
                _ = PngText.Read(bytes);
                _ = GenerationMetadata.ReadRequest(bytes);
            },
            typeof(InvalidDataException));
    }

    private static void Decode(byte[] bytes) => RepaintMask.ToTensor(s_codec.Decode(bytes)).Dispose();

    private static byte[] Seed(string mediaType)
    {
        byte[] rgb = new byte[16 * 12 * 3];
        new Random(1).NextBytes(rgb);
        return s_codec.Encode(new ImageBuffer(16, 12, rgb), mediaType);
    }

    private static byte[] Deflated(string text)
    {
        using var bytes = new MemoryStream();
        using (var deflating = new ZLibStream(bytes, CompressionLevel.Fastest)) deflating.Write(Encoding.Latin1.GetBytes(text));
        return bytes.ToArray();
    }
}
