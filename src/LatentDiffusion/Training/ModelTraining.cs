namespace LatentDiffusion.Training;

/// <summary>The parts of a model that an objective uses: its trainable parts, the scale of its latents, and its noise schedule.</summary>
/// <param name="Components">The model's components.</param>
/// <param name="Parts">Training parts from the model's family.</param>
internal sealed record ModelTraining(ModelComponents Components, TrainableModel Parts)
{
    /// <summary>The parts of a model whose scheduler fits the options.</summary>
    /// <exception cref="ArgumentException">The model predicts something else.</exception>
    public static ModelTraining Create(ModelComponents model, DenoiserTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        PredictionType own = NoiseScheduler.FromConfig(model.Scheduler.WithKnownClass()).PredictionType;
        return options.PredictionType == own ? new(model, model.Family.CreateTrainable(model)) : throw new ArgumentException(
            $"PredictionType is {options.PredictionType}; by its scheduler's configuration the model predicts {own}.", nameof(options));
    }

    /// <summary>The parts of a model, whatever it predicts.</summary>
    public static ModelTraining FromModel(ModelComponents model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new ModelTraining(model, model.Family.CreateTrainable(model));
    }

    /// <summary>The texts as the model's text encoder gives them in sampling.</summary>
    /// <exception cref="NotSupportedException">The family takes them from the application.</exception>
    public ITextConditioning Texts(LatentCache data, bool train)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Parts.Texts?.Invoke(data, train) ?? throw new NotSupportedException(
            $"{Components.Family.Name} models need their texts as an {nameof(ITextConditioning)}; "
                + $"{nameof(CachedTextConditioning)} is one.");
    }

    /// <summary>The remaining scaling of the cache's latents.</summary>
    /// <exception cref="ArgumentException">They are not scaled, and the autoencoder has no plain shift and scale.</exception>
    public LatentScaling Scaling(LatentCache data) => data.IsScaled ? LatentScaling.None
        : Parts.Scaling ?? throw new ArgumentException(
            $"The cache's latents are not scaled, and the autoencoder of the {Components.PipelineClass} has no plain shift and scale: "
                + "make the cache of the whole model.",
            nameof(data));

    /// <summary>The training schedule; null for a flow.</summary>
    public NoiseSchedule? Schedule(DenoiserTrainingOptions options) =>
        options.PredictionType == PredictionType.Flow ? null : Components.Scheduler.ToNoiseSchedule();
}
