using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>How a model is sampled. The defaults are plain: the model's scheduler, no guidance, float32.</summary>
internal sealed record SamplingSettings
{
    /// <summary>The scheduler; null (default) for the model's.</summary>
    public KnownScheduler? Scheduler { get; init; }

    /// <summary>Number of steps. Default 20.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Guidance scale; 1 (default) for no guidance.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Fraction by which guidance is rescaled, 0 (default) to 1.</summary>
    public double Rescale { get; init; }

    /// <summary>Fraction of the way, counted from noise, until which guidance is applied. Default 1.</summary>
    public double Stop { get; init; } = 1;

    /// <summary>Whether weights and networks are in bfloat16. Default false.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Strength of the adapters of the shipped few-step variant; 0 (default) for none.</summary>
    public double Adapters { get; init; }

    /// <summary>
    /// One of this many evaluations is complete; the others compute only the highest resolution of the U-Net. Default 1: all are
    /// complete.
    /// </summary>
    public int CachingInterval { get; init; } = 1;

    /// <summary>A pipeline of a model with these settings.</summary>
    /// <param name="folder">Folder of the model.</param>
    /// <param name="around">Wraps the network, which then cannot be cached; null for the network itself.</param>
    public DiffusionPipeline Pipeline(string folder, Func<IDenoiser, IDenoiser>? around = null)
    {
        DiffusionModel model = DiffusionModel.Open(folder, CPU, BFloat16 ? ScalarType.BFloat16 : null);
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder()
            .UseModel(_ => model).UseGuidance(Guidance).Configure(o => (o.Steps, o.GuidanceScale) = (Steps, Scale));
        if (Scheduler is not null) builder.UseScheduler(Scheduler.Create);
        if (Adapters != 0) builder.UseLora(DrawingsModelExtensions.ShippedAdapters, Adapters);
        if (around is not null) builder.UseDenoiser(around(model.Denoiser));
        else if (CachingInterval > 1) builder.UseStepCaching(new StepCachingOptions { Interval = CachingInterval });
        return builder.Build();
    }

    /// <summary>All settings in a few words, for file names.</summary>
    public override string ToString()
    {
        var words = new List<string> { Scheduler?.Name ?? "own", string.Create(CultureInfo.InvariantCulture, $"{Steps}-steps") };
        Add(Scale != 1, $"scale-{Scale}");
        Add(Rescale != 0, $"rescaled-{Rescale}");
        Add(Stop != 1, $"until-{Stop}");
        Add(BFloat16, $"bfloat16");
        string adapters = Adapters == 0 ? "" : Fingerprint.HashFile(DrawingsModelExtensions.ShippedAdapters);
        Add(Adapters != 0, $"adapters-{Adapters}-{adapters}");
        Add(CachingInterval != 1, $"caching-{CachingInterval}");
        return string.Join('-', words);

        void Add(bool holds, FormattableString word)
        {
            if (holds) words.Add(word.ToString(CultureInfo.InvariantCulture));
        }
    }

    private IGuidance Guidance(DiffusionProcess space)
    {
        IGuidance guidance = new ClassifierFreeGuidance();
        if (Rescale > 0) guidance = new RescaledGuidance(guidance, new RescaledGuidanceOptions { GuidanceRescale = Rescale });
        return Stop < 1 ? new IntervalGuidance(guidance, space, new GuidanceIntervalOptions { Stop = Stop }) : guidance;
    }
}
