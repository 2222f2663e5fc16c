using System.Globalization;

namespace LatentDiffusion;

/// <summary>A generated picture, with what gave it.</summary>
public sealed class GeneratedImage
{
    private readonly IImageCodec _codec;

    internal GeneratedImage(ImageBuffer image, ulong seed, GenerationRequest request, IImageCodec codec)
    {
        (Image, Seed, _codec) = (image, seed, codec);
        Metadata = new Dictionary<string, string>
        {
            ["prompt"] = request.Prompt,
            ["negative_prompt"] = request.NegativePrompt,
            ["seed"] = seed.ToString(CultureInfo.InvariantCulture),
            ["steps"] = request.Steps!.Value.ToString(CultureInfo.InvariantCulture),
            ["guidance_scale"] = request.GuidanceScale!.Value.ToString("R", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The pixels.</summary>
    public ImageBuffer Image { get; }

    /// <summary>The seed of this picture: alone, it gives the same one.</summary>
    public ulong Seed { get; }

    /// <summary>Prompt, seed and settings, as they are written into PNG files.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The picture as a PNG file's bytes.</summary>
    public byte[] ToPng() => _codec.EncodePng(Image, Metadata);

    /// <summary>Writes the picture as a PNG file, beside and renamed, so that no half-written file is ever there.</summary>
    /// <param name="path">Path of the file; its folder is made where it is missing.</param>
    public void SavePng(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        AtomicFile.Write(path, stream => stream.Write(ToPng()));
    }
}
