using System.Security.Cryptography;
using System.Text;

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

    /// <summary>
    /// Hash of what a codec makes of a file, without decoding it: of the codec's name and settings, and the file's bytes, in hexadecimal
    /// digits. A build of a custom codec does not change it.
    /// </summary>
    public static string Hash(IImageCodec codec, byte[] file)
    {
        string name = codec is SkiaImageCodec ? Identity(codec) : codec.GetType().FullName!;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(name + '\n'));
        hash.AppendData(file);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
