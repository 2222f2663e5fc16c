using LatentDiffusion;

namespace StableDiffusion;

/// <summary>The request, and where to save its images.</summary>
/// <param name="Request">The request without its images.</param>
/// <param name="Out">The image file.</param>
internal sealed record ImageChoice(GenerationRequest Request, string Out)
{
    private static readonly SkiaImageCodec s_codec = new();

    /// <summary>An image to take settings from; null for none.</summary>
    public SourceImage? Source { get; init; }

    public FileInfo? Image { get; init; }

    public FileInfo? Mask { get; init; }

    /// <summary>Whether the transparent parts of <see cref="Image"/> are the mask.</summary>
    public bool RepaintTransparent { get; init; }

    public IReadOnlyList<FileInfo> References { get; init; } = [];

    /// <summary>Whether the preview of each step is written.</summary>
    public bool WritesPreviews { get; init; }

    public IReadOnlyList<FileInfo> ControlImages { get; init; } = [];

    /// <summary>One for each control image, one for all, or none.</summary>
    public IReadOnlyList<double> ControlScales { get; init; } = [];

    /// <summary>Adds the settings of features with separate option classes.</summary>
    public Func<GenerationRequest, GenerationRequest> Features { get; init; } = request => request;

    /// <summary>The request with its images.</summary>
    public GenerationRequest Read() => Features(Request with
    {
        InitialImage = Image is null ? null : Read(Image, RgbColor.White),
        // Transparent parts count as black: not repainted, and without lines that control.
        Mask = Mask is not null ? Read(Mask, RgbColor.Black) : RepaintTransparent ? Transparency(Image!) : null,
        ReferenceImages = References.Count == 0 ? null : [.. References.Select(image => Read(image, RgbColor.White))],
        ControlImages = ControlImages.Count == 0 ? null : [.. ControlImages.Select(image => Read(image, RgbColor.Black))],
        ControlWeights = ControlScales.Count == 0 ? null : [.. ScalePerImage().Select(s => new ControlWeight { Scale = s })],
    });

    /// <summary>The file of one image: of several, each has its seed before the extension.</summary>
    public string FileOf(GeneratedImage image) =>
        Request.ImageCount == 1 ? Out : Path.ChangeExtension(Out, $"{image.Seed}{Path.GetExtension(Out)}");

    private IEnumerable<double> ScalePerImage() => ControlScales is [double all] ? ControlImages.Select(_ => all) : ControlScales;

    private static ImageBuffer Read(FileInfo file, RgbColor background) => s_codec.Decode(File.ReadAllBytes(file.FullName), background);

    private static ImageBuffer Transparency(FileInfo file) => s_codec.DecodeTransparency(File.ReadAllBytes(file.FullName))
        ?? throw new InvalidDataException($"'{file.Name}' has no transparent parts to repaint.");
}
