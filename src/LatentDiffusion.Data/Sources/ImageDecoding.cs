namespace LatentDiffusion.Data;

/// <summary>What decoded pixels follow from in addition to the file.</summary>
internal static class ImageDecoding
{
    /// <summary>Takes something from the bytes of a file.</summary>
    public delegate T Reader<out T>(ReadOnlySpan<byte> file);

    /// <summary>Names a codec and, of those whose pixels depend on them, its settings. Of a custom codec, only the type and its version.</summary>
    public static string Identity(IImageCodec codec) => codec is SkiaImageCodec skia
        ? $"{nameof(SkiaImageCodec)} {skia.Background}"
        : $"{codec.GetType().FullName} {codec.GetType().Module.ModuleVersionId}";
}
