namespace LatentDiffusion.Data;

/// <summary>Settings that affect decoded pixels in addition to the file.</summary>
internal static class ImageDecoding
{
    /// <summary>Reads a value from the bytes of a file.</summary>
    public delegate T Reader<out T>(ReadOnlySpan<byte> file);

    /// <summary>
    /// Names a codec and those of its settings that change pixels. For a custom codec, only the type and its module version.
    /// </summary>
    public static string Identity(IImageCodec codec) => codec is SkiaImageCodec skia
        ? $"{nameof(SkiaImageCodec)} {skia.Background}"
        : $"{codec.GetType().FullName} {codec.GetType().Module.ModuleVersionId}";
}
