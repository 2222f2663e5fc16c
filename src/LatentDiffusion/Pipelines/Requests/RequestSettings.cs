namespace LatentDiffusion;

/// <summary>
/// The settings of <see cref="GenerationRequest"/>: the one table that validation, batching, metadata, options and command lines
/// read names, ranges and defaults from.
/// </summary>
public static class RequestSettings
{
    /// <summary>Number of images.</summary>
    public static RequestSetting<int> Count { get; } = new(nameof(GenerationRequest.Count), r => r.Count, (r, v) => r with { Count = v })
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
        Choose = (r, parts) => (r.Timesteps ?? r.Sigmas)?.Count ?? parts.Options.Steps ?? parts.OwnedModel?.Steps,
    };

    /// <summary>Guidance scale.</summary>
    public static RequestSetting<double> GuidanceScale { get; } =
        new(nameof(GenerationRequest.GuidanceScale), r => r.GuidanceScale, (r, v) => r with { GuidanceScale = v })
        {
            Range = new(0, 100), Default = 5, IsShared = true,
            Choose = (_, parts) => parts.Options.GuidanceScale ?? parts.OwnedModel?.GuidanceScale,
        };

    /// <summary>Stochasticity of the sampler.</summary>
    public static RequestSetting<double> Eta { get; } = new(nameof(GenerationRequest.Eta), r => r.Eta, (r, v) => r with { Eta = v })
    {
        Range = new(0, 1), IsShared = true, Choose = (_, parts) => parts.Options.Eta,
    };

    /// <summary>The μ of dynamic shifting.</summary>
    public static RequestSetting<double> Mu { get; } = new(nameof(GenerationRequest.Mu), r => r.Mu, (r, v) => r with { Mu = v })
    {
        Range = new(-10, 10), IsShared = true,
    };

    internal static RequestSetting Churn { get; } =
        new JsonSetting<ChurnOptions>(nameof(GenerationRequest.Churn), r => r.Churn, (r, v) => r with { Churn = v })
        {
            IsShared = true, Choose = parts => parts.Options.Churn,
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
        Choose = (r, parts) => r.InitialImage?.Width ?? parts.SampleSize * parts.Autoencoder.DownsamplingFactor,
    };

    /// <summary>Height in pixels. It must also be a multiple of the autoencoder's downsampling factor.</summary>
    public static RequestSetting<int> Height { get; } =
        new(nameof(GenerationRequest.Height), r => r.Height, (r, v) => r with { Height = v })
        {
            Range = Width.Range, IsShared = true,
            Choose = (r, parts) => r.InitialImage?.Height ?? parts.SampleSize * parts.Autoencoder.DownsamplingFactor,
        };

    internal static RequestSetting NegativePrompt { get; } =
        new TextSetting(nameof(GenerationRequest.NegativePrompt), r => r.NegativePrompt, (r, v) => r with { NegativePrompt = v });

    private static InputSetting InitialImage { get; } =
        new(nameof(GenerationRequest.InitialImage), r => r.InitialImage, (r, from) => r with { InitialImage = from.InitialImage })
        {
            IsShared = true,
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
            IsShared = true, IsRecorded = false, Choose = (_, parts) => parts.Options.TimeLimit,
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
        Count, Seed, VariationSeed, VariationStrength, Timesteps, Sigmas, Steps, GuidanceScale, Eta, Churn, Mu, Width, Height,
        InitialImage,
        new InputSetting(nameof(GenerationRequest.Mask), r => r.Mask, (r, from) => r with { Mask = from.Mask })
        {
            IsShared = true, Requires = InitialImage,
        },
        Strength,
        new JsonSetting<LatentUpscaling>(nameof(GenerationRequest.Upscale), r => r.Upscale, (r, v) => r with { Upscale = v })
        {
            IsShared = true,
        },
        new InputSetting(
            nameof(GenerationRequest.ControlImages), r => r.ControlImages, (r, from) => r with { ControlImages = from.ControlImages }),
        new JsonSetting<IReadOnlyList<ControlWeight>>(
            nameof(GenerationRequest.ControlWeights), r => r.ControlWeights, (r, v) => r with { ControlWeights = v })
        {
            IsShared = true,
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
}
