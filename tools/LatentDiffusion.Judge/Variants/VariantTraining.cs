using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>Trains a variant from the same random initialization as all others, and writes model folders.</summary>
/// <param name="data">Training data.</param>
/// <param name="steps">Steps of the run.</param>
/// <param name="precision">Number format of the passes.</param>
internal sealed class VariantTraining(VariantData data, long steps, TrainingPrecision precision)
{
    private const ulong Seed = 1;

    private static readonly TrainingOptions s_options = new()
    {
        Seed = Seed, EmaDecay = 0.998, CheckpointsKept = 1,
        Optimizer = new OptimizerOptions { LearningRate = 8e-4, WarmupSteps = 100, WeightDecay = 0.01 },
    };

    /// <summary>Folder of the averaged weights.</summary>
    public static string Averaged(string folder) => Path.Combine(folder, "model");

    /// <summary>Folder of the last weights.</summary>
    public static string Last(string folder) => Path.Combine(folder, "model-last");

    /// <summary>Trains a variant, unless its results exist.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="progress">Reports every step.</param>
    /// <param name="cancellationToken">Stops the run after the current step; the next run continues there.</param>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    /// <exception cref="InvalidDataException">The folder contains a training with other settings.</exception>
    public void Run(Variant variant, string folder, IProgress<TrainingProgress> progress, CancellationToken cancellationToken)
    {
        if (IsDone(variant, folder)) return;
        manual_seed((long)Seed);
        LatentScaling scaling = variant.ScalesLatents ? data.Scaling : new LatentScaling(0, 1);
        using ModelComponents parts = Fresh(variant, scaling);
        ClipTokenizer tokenizer = parts.Tokenizer!.Build();
        AutoencoderKLConfig autoencoder = ((AutoencoderKL)parts.Autoencoder).Config;
        var objective = new DenoiserObjective(
            new UNetDenoiser(parts.UNet), parts.TextEncoder!, tokenizer, autoencoder, data.Latents, parts.Scheduler.ToNoiseSchedule(),
            new DenoiserTrainingOptions { PredictionType = variant.Prediction, Weighting = variant.Weighting });
        using (objective)
        {
            string checkpoints = Path.Combine(folder, "checkpoints");
            TrainingOptions options = s_options with { Steps = steps, Precision = precision };
            if (!new Trainer(options).Run(objective, checkpoints, progress, cancellationToken))
                throw new OperationCanceledException(cancellationToken);
            if (variant.MeasuresLastWeights) WriteLast(parts, objective, checkpoints, Last(folder));
            // Written last, because this folder marks the training as complete. The networks hold the averaged weights.
            DiffusersFolder.Write(parts, Averaged(folder), ScalarType.Float32);
        }
    }

    /// <summary>Whether the training is complete.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="InvalidDataException">The folder contains a training with other settings.</exception>
    public bool IsDone(Variant variant, string folder)
    {
        FolderSettings.Check(folder, $"{data.Name}, {steps} steps, {precision}, {variant}, {s_options}", "a training");
        return File.Exists(Path.Combine(Averaged(folder), "model_index.json"))
            && (!variant.MeasuresLastWeights || File.Exists(Path.Combine(Last(folder), "model_index.json")));
    }

    /// <summary>The components of the model, with U-Net and text encoder initialized at random.</summary>
    private ModelComponents Fresh(Variant variant, LatentScaling scaling)
    {
        var trained = (AutoencoderKL)data.Parts.Autoencoder;
        AutoencoderKL autoencoder = (trained.Config with { ShiftFactor = scaling.Shift, ScalingFactor = scaling.Scale }).Build();
        autoencoder.load_state_dict(trained.state_dict());
        autoencoder.eval();
        SchedulerConfig scheduler = data.Parts.Scheduler
            .With("prediction_type", variant.Prediction == PredictionType.Velocity ? "v_prediction" : "epsilon")
            .With("rescale_betas_zero_snr", variant.ZeroTerminalSnr).With("timestep_spacing", "trailing");
        return new ModelComponents(ModelFamilies.StableDiffusion, "StableDiffusionPipeline", scheduler)
        {
            ["unet"] = data.Parts.UNet.Config.Build(),
            ["text_encoder"] = data.Parts.TextEncoder!.Config.Build(),
            ["vae"] = autoencoder,
            ["tokenizer"] = data.Parts.Tokenizer,
        };
    }

    /// <summary>Writes the last weights, which are in the last checkpoint; afterwards the networks hold the averaged ones again.</summary>
    private static void WriteLast(ModelComponents parts, DenoiserObjective objective, string checkpoints, string folder)
    {
        using IDisposable noGrad = no_grad();
        using var flat = new FlatParameters(objective.Modules);
        using Tensor averaged = flat.Values.clone();
        using (SafetensorsFile file = SafetensorsFile.Open(Directory.GetFiles(checkpoints, "*.safetensors").Max(StringComparer.Ordinal)!))
            file.ReadInto("parameters", flat.Values);
        DiffusersFolder.Write(parts, folder, ScalarType.Float32);
        flat.Values.copy_(averaged);
    }
}
