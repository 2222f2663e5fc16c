using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A model that makes the last steps of another one's. Owns the model.</summary>
/// <param name="Model">The model.</param>
/// <param name="TextEncoder">Its text encoder, as prompts are read.</param>
/// <param name="Start">How much of the training schedule is the other's.</param>
/// <param name="Name">What it is called.</param>
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
            Refuse(model.OwnAutoencoder is { } own && own.DownsamplingFactor != factor, $"has latents {model.OwnAutoencoder?.DownsamplingFactor} times smaller than pictures, and the model {factor} times");
            Refuse(prediction != scheduler.PredictionType, $"predicts {prediction}, and the model {scheduler.PredictionType}");
            Refuse(timesteps != scheduler.TrainingTimesteps, $"was trained on {timesteps} timesteps, and the model on {scheduler.TrainingTimesteps}");
            return new LoadedRefiner(model, model.TextEncoder, choice.Start, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(choice.Path))));
        }
        catch
        {
            model.Dispose();
            throw;
        }

        void Refuse(bool condition, string why)
        {
            if (condition) throw new InvalidOperationException($"The refiner '{choice.Path}' {why}.");
        }
    }

    /// <summary>What takes room on a device.</summary>
    public IReadOnlyList<IOffloadable> Movable =>
        Model.OwnAutoencoder is { } own ? [TextEncoder, Model.Denoiser, own] : [TextEncoder, Model.Denoiser];

    /// <summary>The timestep below which it takes over, as diffusers rounds it.</summary>
    public double Boundary(INoiseScheduler scheduler) => Math.Round(scheduler.TrainingTimesteps * (1 - Start));

    /// <exception cref="ArgumentException">The request, which is complete, leaves one of the two nothing to do, or brings what it cannot read.</exception>
    public void Check(GenerationRequest request, SamplingPlan plan, INoiseScheduler scheduler)
    {
        RequestValidator.Check(request.PromptEmbeds is null, nameof(request.PromptEmbeds), "given", "none, for the refiner encodes the prompt with its own text encoder");
        RequestValidator.Check(request.NegativePromptEmbeds is null, nameof(request.NegativePromptEmbeds), "given", "none, for the refiner encodes the prompt with its own text encoder");
        double boundary = Boundary(scheduler);
        bool[] late = [.. plan.Timesteps.Skip(plan.BeginIndex).Select(t => t < boundary)];
        RequestValidator.Check(
            late.Contains(false) && late.Contains(true), request.Strength is null ? nameof(request.Steps) : nameof(request.Strength), request.Strength ?? request.Steps,
            $"more, for the model to have a step above timestep {boundary} and its refiner one below");
    }

    /// <summary>Begins its part in a generation. Its tensors belong to the caller's dispose scope.</summary>
    /// <param name="requests">Complete.</param>
    /// <param name="withNegative">Whether guidance needs the negative prompt.</param>
    /// <param name="scheduler">The pipeline's.</param>
    /// <param name="cancellationToken">Checked before each call of the encoder.</param>
    public RefinerStage Begin(IReadOnlyList<GenerationRequest> requests, bool withNegative, INoiseScheduler scheduler, CancellationToken cancellationToken) =>
        new(
            Model.Denoiser,
            [.. requests.Select(r => RequestConditioning.Of(r, TextEncoder, withNegative, Model.Device, cancellationToken))],
            Boundary(scheduler), Model.Device);

    public void Dispose() => Model.Dispose();
}
