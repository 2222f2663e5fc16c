namespace LatentDiffusion.Models;

/// <summary>What the training of a whole model takes from its parts.</summary>
internal static class ModelTraining
{
    /// <summary>The denoiser of a model whose parts fit each other and the options.</summary>
    public static ITrainableDenoiser Denoiser(ModelComponents model, DenoiserTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ComponentValidator.Check(model);
        PredictionType own = NoiseScheduler.FromConfig(model.Scheduler.OfKnownClass()).PredictionType;
        if (options.PredictionType != own)
            throw new ArgumentException($"PredictionType is {options.PredictionType}, and the model predicts {own}: by the scheduler's configuration it would be sampled as that.", nameof(options));
        if (options.AestheticScore is { } score && !model.RequiresAestheticsScore)
            throw new ArgumentException($"AestheticScore is {score}, and the model is told none (requires_aesthetics_score is false).", nameof(options));
        return new UNetDenoiser(model.UNet, model.RequiresAestheticsScore);
    }

    /// <summary>The texts as the model's own encoder gives them in sampling.</summary>
    public static ITextConditioning Texts(ModelComponents model, LatentCache data, DenoiserTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(data);
        bool train = options.TrainTextEncoder;
        if (model.TextEncoder2 is not { } second) return new ClipTextConditioning(model.TextEncoder!, model.Tokenizer!.Build(), data.Ids, train);
        ClipTokenizer tokenizer = model.Tokenizer2!.Build();
        return model.TextEncoder is { } first
            ? new ClipTextConditioning(
                (first, model.Tokenizer!.Build(), data.Ids), (second, tokenizer, data.SecondIds), model.ForceZerosForEmptyPrompt, train)
            : new ClipTextConditioning(null, (second, tokenizer, data.Ids), model.ForceZerosForEmptyPrompt, train);
    }

    /// <summary>What is still to be done to the cache's latents.</summary>
    public static LatentScaling Scaling(ModelComponents model, LatentCache data) =>
        data.IsScaled ? LatentScaling.None
        : model.Autoencoder is AutoencoderKL kl ? LatentScaling.Of(kl.Config)
        : throw new ArgumentException($"The cache's latents are not scaled, and a {model.Autoencoder.GetType().Name} has its own way to: make the cache of the whole model.", nameof(data));

    /// <summary>The training schedule; null for a flow.</summary>
    public static NoiseSchedule? Schedule(ModelComponents model, DenoiserTrainingOptions options) =>
        options.PredictionType == PredictionType.Flow ? null : model.Scheduler.ToNoiseSchedule();
}
