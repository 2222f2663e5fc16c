namespace LatentDiffusion.Tests.Pipelines;

/// <summary>An image to start from and a mask of it.</summary>
internal static class TaskImages
{
    public const int Width = 24, Height = 16;

    public static ImageBuffer Image { get; } = Create(
        Width, Height, (x, y) => ((byte)(x * 10), (byte)(y * 15), (byte)((x * y * 7 + 40) % 256)));

    /// <summary>A slanted area, white and light grey, before black and dark grey.</summary>
    public static ImageBuffer Mask { get; } = Create(Width, Height, (x, y) =>
    {
        byte level = (byte)((x * 3 + y * 5) % 31 < 14 ? y % 2 == 0 ? 255 : 128 : x % 2 == 0 ? 0 : 127);
        return (level, level, level);
    });

    /// <summary>Whether a pixel of <see cref="Mask"/> is repainted.</summary>
    public static bool IsRepainted(int x, int y) => (x * 3 + y * 5) % 31 < 14;

    public static ImageBuffer Create(int width, int height, Func<int, int, (byte Red, byte Green, byte Blue)> colour)
    {
        var rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = colour(i % width, i / width);
        return new ImageBuffer(width, height, rgb);
    }
}
