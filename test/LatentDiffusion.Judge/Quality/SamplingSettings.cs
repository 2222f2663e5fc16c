using System.Globalization;

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

    /// <summary>Of so many evaluations the first is complete, and the others compute the U-Net's highest resolution alone; 1 for all complete.</summary>
    public int CachingInterval { get; init; } = 1;

    /// <summary>A pipeline of a model with these settings, over its denoiser or one around it.</summary>
    /// <param name="model">The model, which stays the caller's.</param>
    /// <param name="denoiser">What is evaluated.</param>
    public DiffusionPipeline Pipeline(DiffusionModel model, IDenoiser denoiser)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder()
            .UseDenoiser(denoiser).UseTextEncoder(model.TextEncoder).UseAutoencoder(model.Autoencoder)
            .UseScheduler(Scheduler is null ? NoiseScheduler.FromConfig(model.SchedulerConfig) : Scheduler.Create(model.SchedulerConfig))
            .UseGuidance(Guidance(PredictionSpace.Of(model.SchedulerConfig)))
            .Configure(o => (o.Steps, o.GuidanceScale) = (Steps, Scale));
        // It is of a network's generations: one that is counted is looked at from outside.
        if (CachingInterval > 1 && denoiser is UNetDenoiser) builder.UseStepCaching(new StepCachingOptions { Interval = CachingInterval });
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
        Add(CachingInterval != 1, $"caching-{CachingInterval}");
        return string.Join('-', words);

        void Add(bool holds, FormattableString word)
        {
            if (holds) words.Add(word.ToString(CultureInfo.InvariantCulture));
        }
    }

    private IGuidance Guidance(PredictionSpace space)
    {
        IGuidance guidance = new ClassifierFreeGuidance();
        if (Rescale > 0) guidance = new RescaledGuidance(guidance, new RescaledGuidanceOptions { GuidanceRescale = Rescale });
        return Stop < 1 ? new IntervalGuidance(guidance, space, new GuidanceIntervalOptions { Stop = Stop }) : guidance;
    }
}
