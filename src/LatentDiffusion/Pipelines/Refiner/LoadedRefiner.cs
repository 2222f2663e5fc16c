using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A model that makes the last steps of another one's. Owns the model.</summary>
/// <param name="Model">The model.</param>
/// <param name="TextEncoder">Its text encoder, as prompts are read.</param>
/// <param name="Start">How much of the training schedule is the other's.</param>
/// <param name="Name">Its name.</param>
internal sealed record LoadedRefiner(DiffusionModel Model, ITextEncoder TextEncoder, double Start, string Name) : IDisposable
{
    /// <summary>Reads one for the latents and the schedule of a model.</summary>
    /// <param name="choice">Which.</param>
    /// <param name="denoiser">The model's.</param>
    /// <param name="autoencoder">The model's.</param>
    /// <param name="scheduler">The pipeline's.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="reading">How its files are read.</param>
    /// <exception cref="InvalidOperationException">It does not go with them.</exception>
    public static LoadedRefiner Open(
        RefinerChoice choice, DenoiserDescription denoiser, IAutoencoder autoencoder, INoiseScheduler scheduler, Device device,
        CheckpointOptions reading)
    {
        DiffusionModel model = File.Exists(choice.Path)
            ? DiffusionModel.ReadFile(choice.Path, tokenizerFolder: null, model: null, device, choice.Precision, reading)
            : DiffusionModel.Read(choice.Path, device, choice.Precision, choice.Variant, reading);
        try
        {
            int channels = autoencoder.LatentChannels, factor = autoencoder.DownsamplingFactor;
            // Its own scheduler is not used, and may be one that the library does not have.
            PredictionType prediction = model.SchedulerConfig.TrainedPrediction();
            int timesteps = model.SchedulerConfig.TrainedTimesteps();
            (int taken, int ofRefiner) = (denoiser.InputChannels, model.Denoiser.Description.InputChannels);
            Refuse(taken != channels, $"is for latents of {channels} channels, and the model takes {taken}");
            Refuse(ofRefiner != channels, $"takes {ofRefiner} channels, and the latents have {channels}");
            int ownFactor = model.OwnAutoencoder?.DownsamplingFactor ?? factor;
            Refuse(ownFactor != factor, $"has latents {ownFactor} times smaller than images, and the model {factor} times");
            Refuse(prediction != scheduler.PredictionType, $"predicts {prediction}, and the model {scheduler.PredictionType}");
            int trained = scheduler.TrainingTimesteps;
            Refuse(timesteps != trained, $"was trained on {timesteps} timesteps, and the model on {trained}");
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(choice.Path)));
            return new LoadedRefiner(model, model.TextEncoder, choice.Start, name);
        }
        catch
        {
            model.Dispose();
            throw;
        }

        void Refuse(bool condition, string why)
        {
            string model = denoiser.ModelName is { } name ? $" ({name})" : "";
            if (condition) throw new InvalidOperationException($"The refiner '{choice.Path}' {why}{model}.");
        }
    }

    /// <summary>The parts that take memory on a device.</summary>
    public IReadOnlyList<IOffloadable> Movable =>
        Model.OwnAutoencoder is { } own ? [TextEncoder, Model.Denoiser, own] : [TextEncoder, Model.Denoiser];

    /// <summary>The timestep below which it takes over, as diffusers rounds it.</summary>
    public double Boundary(INoiseScheduler scheduler) => Math.Round(scheduler.TrainingTimesteps * (1 - Start));

    /// <summary>Checks a request that is complete.</summary>
    /// <exception cref="ArgumentException">It leaves one of the two nothing to do, or the refiner cannot read an input.</exception>
    public void Check(GenerationRequest request, SamplingPlan plan, INoiseScheduler scheduler)
    {
        const string None = "none, because the refiner encodes the prompt with its own text encoder";
        RequestValidator.Check(request.PromptEmbeds is null, nameof(request.PromptEmbeds), "given", None);
        RequestValidator.Check(request.NegativePromptEmbeds is null, nameof(request.NegativePromptEmbeds), "given", None);
        double boundary = Boundary(scheduler);
        bool[] late = [.. plan.Timesteps.Skip(plan.BeginIndex).Select(t => t < boundary)];
        RequestValidator.Check(
            late.Contains(false) && late.Contains(true),
            request.Strength is null ? nameof(request.Steps) : nameof(request.Strength), request.Strength ?? request.Steps,
            $"more, for the model to have a step above timestep {boundary} and its refiner one below");
    }

    public void Dispose() => Model.Dispose();
}
