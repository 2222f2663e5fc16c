using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Tests.Data;

/// <summary>Small images computed from numbers, and a source of them.</summary>
internal static class TestImages
{
    private static readonly SkiaImageCodec s_codec = new();

    /// <summary>Noise that depends only on a seed.</summary>
    public static ImageBuffer Noise(int seed, int width = 8, int height = 8)
    {
        byte[] rgb = new byte[width * height * 3];
        new Random(seed).NextBytes(rgb);
        return new ImageBuffer(width, height, rgb);
    }

    /// <summary>Each pixel encodes its position: red is its column and green its row.</summary>
    public static ImageBuffer Positions(int width, int height)
    {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) (rgb[3 * i], rgb[3 * i + 1]) = ((byte)(i % width), (byte)(i / width));
        return new ImageBuffer(width, height, rgb);
    }

    public static byte[] Png(ImageBuffer image) => s_codec.EncodePng(image);

    public static void Write(string path, ImageBuffer image)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, Png(image));
    }

    public static byte[] Rgb(this CaptionedImage image) => image.Image.Rgb.ToArray();

    public static CaptionedImage[] All(this ICaptionedImageSource source) =>
        [.. Enumerable.Range(0, (int)source.Count!).Select(i => source.Read(i))];

    public sealed class InMemory(params ImageBuffer[] images) : ICaptionedImageSource
    {
        public long? Count => images.Length;

        public CaptionedImage Read(long index) => new(images[index], $"caption {index}", $"image {index}");
    }

    public sealed class RecordedLog : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
