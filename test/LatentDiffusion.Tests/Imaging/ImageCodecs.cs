using Xunit;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>The codecs of the library.</summary>
public static class ImageCodecs
{
    public static readonly string[] Names = [nameof(SkiaImageCodec), nameof(ImageSharpCodec)];

    public static TheoryData<string> All => new(Names);

    public static IImageCodec ByName(string name) => name == nameof(SkiaImageCodec) ? new SkiaImageCodec() : new ImageSharpCodec();
}
