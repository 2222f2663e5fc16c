namespace LatentDiffusion;

/// <summary>
/// The settings of <see cref="GenerationRequest"/>: the one table that validation, batching, metadata, options and command lines
/// read names, ranges and defaults from.
/// </summary>
public static class RequestSettings
{
    /// <summary>Number of images.</summary>
    public static RequestSetting<int> ImageCount { get; } =
        new(nameof(GenerationRequest.ImageCount), r => r.ImageCount, (r, v) => r with { ImageCount = v })
        {
            Range = new(1, 1024), Default = 1, IsRecorded = false,
        };

    /// <summary>The first image's seed.</summary>
    public static RequestSetting<ulong> Seed { get; } = new(nameof(GenerationRequest.Seed), r => r.Seed, (r, v) => r with { Seed = v })
    {
        Choose = (_, _) => (ulong)Random.Shared.NextInt64(),
    };

    /// <summary>The seed to vary towards.</summary>
    public static RequestSetting<ulong> VariationSeed { get; } =
        new(nameof(GenerationRequest.VariationSeed), r => r.VariationSeed, (r, v) => r with { VariationSeed = v });

    /// <summary>How far to vary.</summary>
    public static RequestSetting<double> VariationStrength { get; } =
        new(nameof(GenerationRequest.VariationStrength), r => r.VariationStrength, (r, v) => r with { VariationStrength = v })
        {
            Range = new(0, 1), Default = 0.2, Requires = VariationSeed,
        };

    /// <summary>Sampling steps.</summary>
    public static RequestSetting<int> Steps { get; } = new(nameof(GenerationRequest.Steps), r => r.Steps, (r, v) => r with { Steps = v })
    {
        Range = new(1, 1000), Default = 20, IsShared = true,
        Choose = (r, components) => (r.Timesteps ?? r.Sigmas)?.Count ?? components.Options.Steps ?? components.OwnedModel?.Steps,
    };

    /// <summary>Guidance scale.</summary>
    public static RequestSetting<double> GuidanceScale { get; } =
        new(nameof(GenerationRequest.GuidanceScale), r => r.GuidanceScale, (r, v) => r with { GuidanceScale = v })
        {
            Range = new(0, 100), Default = 5, IsShared = true,
            Choose = (_, components) => components.Options.GuidanceScale ?? components.OwnedModel?.GuidanceScale,
        };

    /// <summary>Layer of the text encoder. It must also have the layer.</summary>
    public static RequestSetting<int> ClipSkip { get; } =
        new(nameof(GenerationRequest.ClipSkip), r => r.ClipSkip, (r, v) => r with { ClipSkip = v }) { Range = new(1, 1000) };

    /// <summary>Guidance scale of the image that a model edits.</summary>
    public static RequestSetting<double> ImageGuidanceScale { get; } =
        new(nameof(GenerationRequest.ImageGuidanceScale), r => r.ImageGuidanceScale, (r, v) => r with { ImageGuidanceScale = v })
        {
            Range = new(1, 100), IsShared = true,
            Choose = (_, components) =>
                StartValidator.IsEditingModel(components.Denoiser.Description, components.Autoencoder) ? 1.5 : null,
        };

    /// <summary>Stochasticity of the sampler.</summary>
    public static RequestSetting<double> Eta { get; } = new(nameof(GenerationRequest.Eta), r => r.Eta, (r, v) => r with { Eta = v })
    {
        // The pipeline's is for its own scheduler, and others may refuse it.
        Range = new(0, 1), IsShared = true, Choose = (r, components) => r.SchedulerName is null ? components.Options.Eta : null,
    };

    /// <summary>The μ of dynamic shifting.</summary>
    public static RequestSetting<double> Mu { get; } = new(nameof(GenerationRequest.Mu), r => r.Mu, (r, v) => r with { Mu = v })
    {
        Range = new(-10, 10), IsShared = true,
    };

    internal static RequestSetting Churn { get; } =
        new JsonSetting<ChurnOptions>(nameof(GenerationRequest.Churn), r => r.Churn, (r, v) => r with { Churn = v })
        {
            IsShared = true, Choose = (r, components) => r.SchedulerName is null ? components.Options.Churn : null,
        };

    internal static RequestSetting Timesteps { get; } = new NumbersSetting(
        nameof(GenerationRequest.Timesteps), r => r.Timesteps, (r, v) => r with { Timesteps = v }, new(0, ScheduleOptions.MostTimesteps))
    {
        IsShared = true,
    };

    internal static RequestSetting Sigmas { get; } = new NumbersSetting(
        nameof(GenerationRequest.Sigmas), r => r.Sigmas, (r, v) => r with { Sigmas = v }, new(0, 1_000_000, excludesMinimum: true))
    {
        IsShared = true, Excludes = Timesteps,
    };

    /// <summary>Width in pixels. It must also be a multiple of the autoencoder's downsampling factor.</summary>
    public static RequestSetting<int> Width { get; } = new(nameof(GenerationRequest.Width), r => r.Width, (r, v) => r with { Width = v })
    {
        Range = new(1, 1 << 14), IsShared = true,
        Choose = (r, components) => Size(r, components).Width,
    };

    /// <summary>Height in pixels. It must also be a multiple of the autoencoder's downsampling factor.</summary>
    public static RequestSetting<int> Height { get; } =
        new(nameof(GenerationRequest.Height), r => r.Height, (r, v) => r with { Height = v })
        {
            Range = Width.Range, IsShared = true,
            Choose = (r, components) => Size(r, components).Height,
        };

    internal static RequestSetting SchedulerName { get; } =
        new NameSetting(nameof(GenerationRequest.SchedulerName), r => r.SchedulerName, (r, v) => r with { SchedulerName = v })
        {
            IsShared = true,
        };

    internal static RequestSetting NegativePrompt { get; } =
        new TextSetting(nameof(GenerationRequest.NegativePrompt), r => r.NegativePrompt, (r, v) => r with { NegativePrompt = v });

    private static InputSetting InitialImage { get; } =
        new(nameof(GenerationRequest.InitialImage), r => r.InitialImage, (r, from) => r with { InitialImage = from.InitialImage })
        {
            IsShared = true,
        };

    internal static InputSetting Mask { get; } =
        new(nameof(GenerationRequest.Mask), r => r.Mask, (r, from) => r with { Mask = from.Mask })
        {
            IsShared = true, Requires = InitialImage,
        };

    private static InputSetting ImagePrompts { get; } =
        new(nameof(GenerationRequest.ImagePrompts), r => r.ImagePrompts, (r, from) => r with { ImagePrompts = from.ImagePrompts })
        {
            IsShared = true,
            Describe = r => string.Join(", ", r.ImagePrompts!.Select(p => $"{p?.Count} images{(p?.Masks is null ? "" : " with masks")}")),
        };

    /// <summary>How much of the initial image is generated again.</summary>
    public static RequestSetting<double> Strength { get; } =
        new(nameof(GenerationRequest.Strength), r => r.Strength, (r, v) => r with { Strength = v })
        {
            Range = new(0, 1, excludesMinimum: true), Default = 0.8, IsShared = true, Requires = InitialImage,
        };

    /// <summary>How long a generation may take.</summary>
    public static RequestSetting<TimeSpan> TimeLimit { get; } =
        new(nameof(GenerationRequest.TimeLimit), r => r.TimeLimit, (r, v) => r with { TimeLimit = v })
        {
            // Timers count milliseconds in 32 bits, which is a little more.
            Range = new(TimeSpan.Zero, TimeSpan.FromDays(24), excludesMinimum: true),
            // One call has one limit.
            IsShared = true, IsRecorded = false, Choose = (_, components) => components.Options.TimeLimit,
        };

    /// <summary>All settings.</summary>
    public static IReadOnlyList<RequestSetting> All { get; } =
    [
        new TextSetting(nameof(GenerationRequest.Prompt), r => r.Prompt, (r, v) => r with { Prompt = v }), NegativePrompt,
        new InputSetting(
            nameof(GenerationRequest.PromptEmbeds), r => r.PromptEmbeds, (r, from) => r with { PromptEmbeds = from.PromptEmbeds }),
        new InputSetting(
            nameof(GenerationRequest.NegativePromptEmbeds), r => r.NegativePromptEmbeds,
            (r, from) => r with { NegativePromptEmbeds = from.NegativePromptEmbeds }),
        ImageCount, Seed, VariationSeed, VariationStrength, SchedulerName, Timesteps, Sigmas, Steps, GuidanceScale, ClipSkip,
        ImageGuidanceScale, Eta, Churn, Mu, Width, Height, InitialImage, Mask, Strength,
        new JsonSetting<InpaintingOptions>(nameof(GenerationRequest.Inpainting), r => r.Inpainting, (r, v) => r with { Inpainting = v })
        {
            Requires = Mask,
        },
        new JsonSetting<LatentUpscaling>(nameof(GenerationRequest.Upscale), r => r.Upscale, (r, v) => r with { Upscale = v })
        {
            IsShared = true,
        },
        new JsonSetting<ImageUpscaling>(
            nameof(GenerationRequest.FinalUpscale), r => r.FinalUpscale, (r, v) => r with { FinalUpscale = v }),
        new InputSetting(
            nameof(GenerationRequest.ReferenceImages), r => r.ReferenceImages,
            (r, from) => r with { ReferenceImages = from.ReferenceImages })
        {
            IsShared = true,
            Describe = r => string.Join(", ", r.ReferenceImages!.Select(i => $"{i.Width} x {i.Height} pixels")),
        },
        new InputSetting(
            nameof(GenerationRequest.ControlImages), r => r.ControlImages, (r, from) => r with { ControlImages = from.ControlImages }),
        new JsonSetting<IReadOnlyList<ControlWeight>>(
            nameof(GenerationRequest.ControlWeights), r => r.ControlWeights, (r, v) => r with { ControlWeights = v })
        {
            IsShared = true,
        },
        new InputSetting(
            nameof(GenerationRequest.AdapterImages), r => r.AdapterImages, (r, from) => r with { AdapterImages = from.AdapterImages }),
        new JsonSetting<IReadOnlyList<AdapterWeight>>(
            nameof(GenerationRequest.AdapterWeights), r => r.AdapterWeights, (r, v) => r with { AdapterWeights = v })
        {
            IsShared = true,
        },
        ImagePrompts,
        new JsonSetting<IReadOnlyList<IpAdapterWeight>>(
            nameof(GenerationRequest.IpAdapterWeights), r => r.IpAdapterWeights, (r, v) => r with { IpAdapterWeights = v })
        {
            IsShared = true, Requires = ImagePrompts,
        },
        new JsonSetting<SizeConditioningInput>(
            nameof(GenerationRequest.SizeConditioningInput), r => r.SizeConditioningInput, (r, v) => r with { SizeConditioningInput = v }),
        new JsonSetting<SizeConditioningInput>(
            nameof(GenerationRequest.NegativeSizeConditioningInput), r => r.NegativeSizeConditioningInput,
            (r, v) => r with { NegativeSizeConditioningInput = v }),
        TimeLimit,
    ];

    /// <summary>Those that metadata holds, inputs last.</summary>
    internal static IReadOnlyList<RequestSetting> Recorded { get; } = [.. All.Where(s => s.IsRecorded).OrderBy(s => s is InputSetting)];

    /// <summary>The size of an image where the request leaves it open.</summary>
    private static (int Width, int Height) Size(GenerationRequest request, PipelineComponents components)
    {
        // Of the area that padding cuts out, the result only has the place.
        if (request.InitialImage is { } initial && request.Inpainting?.MaskPadding is null) return (initial.Width, initial.Height);
        if (request is { InitialImage: null, ReferenceImages: [{ } reference, ..] })
            return ReferenceImageSize.Encoded(reference, components.PixelsPerPatch);
        int side = components.SampleSize * components.Autoencoder.DownsamplingFactor;
        return (side, side);
    }
}
