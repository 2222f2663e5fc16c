using System.Text.Json;

namespace LatentDiffusion.Tests.Samples;

/// <summary>A folder with captioned images of two proportions: stripes, in the colours that the captions name.</summary>
internal static class TinyImages
{
    public const int Count = 12;

    public static string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, "metadata.jsonl"), Enumerable.Range(0, Count).Select(i =>
        {
            (int width, int height) = i % 3 == 0 ? (32, 8) : (16, 16);
            bool blue = i % 2 == 0;
            byte[] rgb = new byte[width * height * 3];
            for (int p = 0; p < width * height; p++)
            {
                rgb[3 * p + (blue ? 2 : 0)] = 255;
                rgb[3 * p + 1] = (byte)((p + i) % 4 * 40);
            }

            File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), new SkiaImageCodec().EncodePng(new ImageBuffer(width, height, rgb)));
            return JsonSerializer.Serialize(new { file_name = $"{i}.png", text = blue ? "a blue bird" : "a drawing of a star" });
        }));
        return folder;
    }
}
