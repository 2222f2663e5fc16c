using LatentDiffusion;

namespace StableDiffusion;

/// <summary>IP-Adapters and their image prompts.</summary>
internal sealed record IpAdapterChoice
{
    private static readonly SkiaImageCodec s_codec = new();

    public IReadOnlyList<FileInfo> Files { get; init; } = [];

    /// <summary>Image encoder of all adapters; null for the one next to each file.</summary>
    public string? Encoder { get; init; }

    /// <summary>All images of a single adapter, or one for each of several.</summary>
    public IReadOnlyList<FileInfo> Images { get; init; } = [];

    /// <summary>One mask for each image, or empty.</summary>
    public IReadOnlyList<FileInfo> Masks { get; init; } = [];

    /// <summary>One weight for each adapter, one for all, or empty.</summary>
    public IReadOnlyList<IpAdapterWeight> Weights { get; init; } = [];

    public void AddTo(DiffusionPipelineBuilder builder)
    {
        foreach (FileInfo file in Files) builder.UseIpAdapter(file.FullName, Encoder);
    }

    /// <summary>The request with the images and weights.</summary>
    public GenerationRequest AddTo(GenerationRequest request) => Files.Count == 0 ? request
        : request with
        {
            ImagePrompts = Files.Count == 1 ? [Prompt(0, Images.Count)] : [.. Images.Select((_, i) => Prompt(i, 1))],
            IpAdapterWeights = Weights.Count == 0 ? null : [.. Files.Select((_, i) => Weights.Count == 1 ? Weights[0] : Weights[i])],
        };

    private ImagePrompt Prompt(int first, int count) => new()
    {
        Images = [.. Images.Skip(first).Take(count).Select(image => Read(image, RgbColor.White))],
        // Transparent parts of a mask count as black: the image does not act there.
        Masks = Masks.Count == 0 ? null : [.. Masks.Skip(first).Take(count).Select(mask => Read(mask, RgbColor.Black))],
    };

    private static ImageBuffer Read(FileInfo file, RgbColor background) => s_codec.Decode(File.ReadAllBytes(file.FullName), background);
}
