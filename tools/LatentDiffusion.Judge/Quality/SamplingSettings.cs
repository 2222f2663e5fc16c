using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>How a model is sampled. What is not said is plain: the model's own scheduler, no guidance, float32.</summary>
internal sealed record SamplingSettings
{
    /// <summary>The scheduler; null for the model's own.</summary>
    public KnownScheduler? Scheduler { get; init; }

    /// <summary>Steps asked of it.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Guidance scale; 1 is none.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>How much guidance is rescaled, 0 to 1.</summary>
    public double Rescale { get; init; }

    /// <summary>Share of the way, counted from noise, up to which is guided.</summary>
    public double Stop { get; init; } = 1;

    /// <summary>Whether weights and networks are in bfloat16.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Strength of the shipped few-step variant's adapters; 0 for none.</summary>
    public double Adapters { get; init; }

    /// <summary>Of so many evaluations the first is complete, and the others compute the U-Net's highest resolution alone; 1 for all complete.</summary>
    public int CachingInterval { get; init; } = 1;

    /// <summary>A pipeline of a model with these settings.</summary>
    /// <param name="folder">Folder of the model.</param>
    /// <param name="around">What its network is evaluated through, which then cannot be cached; null for itself.</param>
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

    /// <summary>All of it in a few words that a file may be called by.</summary>
    public override string ToString()
    {
        var words = new List<string> { Scheduler?.Name ?? "own", string.Create(CultureInfo.InvariantCulture, $"{Steps}-steps") };
        Add(Scale != 1, $"scale-{Scale}");
        Add(Rescale != 0, $"rescaled-{Rescale}");
        Add(Stop != 1, $"until-{Stop}");
        Add(BFloat16, $"bfloat16");
        if (Adapters != 0) words.Add(string.Create(CultureInfo.InvariantCulture, $"adapters-{Adapters}-{Fingerprint.OfFile(DrawingsModelExtensions.ShippedAdapters)}"));
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
