namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>The images of a request as PNG files.</summary>
internal sealed record DocumentImages
{
    private const int MaximumPixels = int.MaxValue / 4;

    private static readonly SkiaImageCodec s_codec = new(MaximumPixels);

    public byte[]? Initial { get; init; }

    public byte[]? Mask { get; init; }

    public byte[][]? References { get; init; }

    public byte[][]? Controls { get; init; }

    public byte[][]? Adapters { get; init; }

    public DocumentImagePrompt[]? Prompts { get; init; }

    /// <exception cref="ArgumentException">The request has embeddings.</exception>
    public static DocumentImages FromRequest(GenerationRequest request)
    {
        CheckEmbeddings(request.PromptEmbeds, nameof(request.PromptEmbeds));
        CheckEmbeddings(request.NegativePromptEmbeds, nameof(request.NegativePromptEmbeds));
        foreach (ImagePrompt? prompt in request.ImagePrompts ?? [])
            CheckEmbeddings(prompt?.Embeds, $"{nameof(request.ImagePrompts)}.{nameof(prompt.Embeds)}");
        return new DocumentImages
        {
            Initial = Write(request.InitialImage), Mask = Write(request.Mask), References = Write(request.ReferenceImages),
            Controls = Write(request.ControlImages), Adapters = Write(request.AdapterImages),
            Prompts = request.ImagePrompts?.Select(p => new DocumentImagePrompt(Write(p?.Images), Write(p?.Masks))).ToArray(),
        };
    }

    /// <summary>A request that has only these images.</summary>
    public GenerationRequest ToInputs() => new()
    {
        Prompt = "", InitialImage = Read(Initial), Mask = Read(Mask), ReferenceImages = Read(References), ControlImages = Read(Controls),
        AdapterImages = Read(Adapters),
        ImagePrompts = Prompts?.Select(p => new ImagePrompt { Images = Read(p.Images), Masks = Read(p.Masks) }).ToArray(),
    };

    private static void CheckEmbeddings(object? embeddings, string name)
    {
        if (embeddings is null) return;
        throw new ArgumentException($"{name} is given; expected none, because embeddings are not stored. Give texts or images.", name);
    }

    private static byte[]? Write(ImageBuffer? image) => image is null ? null : s_codec.EncodePng(image);

    private static byte[][]? Write(IReadOnlyList<ImageBuffer>? images) => images?.Select(i => Write(i)!).ToArray();

    private static ImageBuffer? Read(byte[]? png) => png is null ? null : s_codec.Decode(png);

    private static ImageBuffer[]? Read(byte[][]? pngs) => pngs?.Select(p => Read(p)!).ToArray();
}
