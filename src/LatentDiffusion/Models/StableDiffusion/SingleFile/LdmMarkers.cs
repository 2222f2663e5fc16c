using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Determines the prediction type of a single file's U-Net: from tensors that trainers put there as markers, or from
/// <c>modelspec.prediction_type</c> in a safetensors header. Markers override the header.
/// </summary>
/// <param name="file">The file.</param>
internal sealed class LdmMarkers(ITensorSource file)
{
    /// <summary>Tensors that say that the model predicts velocity, and that its schedule ends without signal.</summary>
    public const string Velocity = "v_pred", ZeroSnr = "ztsnr";

    private const string SigmaMax = "edm_vpred.sigma_max", SigmaMin = "edm_vpred.sigma_min",
        LatentMean = "edm_mean", LatentDeviation = "edm_std", Specification = "modelspec.prediction_type";

    /// <summary>All markers.</summary>
    public static IReadOnlySet<string> Names { get; } =
        new HashSet<string> { Velocity, ZeroSnr, SigmaMax, SigmaMin, LatentMean, LatentDeviation };

    /// <summary>Its prediction type; null if the file does not say.</summary>
    /// <exception cref="CheckpointException">The header names a prediction type that is not known.</exception>
    public PredictionType? Prediction => Has(Velocity) || Has(SigmaMax) ? PredictionType.Velocity : Specified();

    /// <summary>The scheduler that the markers ask for.</summary>
    /// <param name="published">The one that the family was published with.</param>
    /// <exception cref="CheckpointException">A marker has other values than expected.</exception>
    public SchedulerConfig Scheduler(SchedulerConfig published)
    {
        // Playground 2.5 and CosXL, as published: Karras et al. 2022, table 1.
        if (HasLatentStatistics) return Edm("EDMDPMSolverMultistepScheduler", min: 0.002, max: 80, data: 0.5, "karras", "epsilon");
        if (Has(SigmaMax))
        {
            double min = Has(SigmaMin) ? Single(SigmaMin) : 0.002;
            return Edm("EDMEulerScheduler", min, Single(SigmaMax), data: 1, "exponential", "v_prediction");
        }

        if (!Has(ZeroSnr)) return published;
        // Without signal at the last timestep, sampling must begin there (Lin et al. 2023, section 3.3).
        SchedulerConfig rescaled = published.With("rescale_betas_zero_snr", true).With("timestep_spacing", "trailing");
        return rescaled.WithClass(published.ClassName == "PNDMScheduler" ? "DDIMScheduler" : published.ClassName!);
    }

    /// <summary>The autoencoder's configuration with the statistics of its latents, where markers have them.</summary>
    public AutoencoderKLConfig Autoencoder(AutoencoderKLConfig config)
    {
        const double ScaleOfNormalised = 0.5;
        if (!HasLatentStatistics) return config;
        double[] means = Values(LatentMean), deviations = Values(LatentDeviation);
        foreach ((string name, double[] values) in new[] { (LatentMean, means), (LatentDeviation, deviations) })
        {
            if (values.Length != config.LatentChannels)
            {
                throw new CheckpointException(
                    file.Path, $"'{name}' has {values.Length} values; the autoencoder has {config.LatentChannels} latent channels.");
            }
        }

        return config with { LatentsMean = [.. means], LatentsStd = [.. deviations], ScalingFactor = ScaleOfNormalised };
    }

    private bool HasLatentStatistics => (Has(LatentMean), Has(LatentDeviation)) switch
    {
        (true, true) => true,
        (false, false) => false,
        _ => throw new CheckpointException(file.Path, $"it has only one of '{LatentMean}' and '{LatentDeviation}'."),
    };

    private bool Has(string name) => file.Find(name) is not null;

    private PredictionType? Specified() => file.Texts.GetValueOrDefault(Specification) switch
    {
        null or "" => null,
        "epsilon" or "eps" => PredictionType.Epsilon,
        "v" or "v_pred" or "v_prediction" or "v-prediction" or "velocity" => PredictionType.Velocity,
        "sample" or "x0" => PredictionType.Sample,
        var other => throw new CheckpointException(
            file.Path,
            $"its {Specification} is '{MessageText.Truncate(other, 100)}', which is not known; "
            + $"{nameof(SingleFileOptions)}.{nameof(SingleFileOptions.PredictionType)} overrides it."),
    };

    private static SchedulerConfig Edm(
        string className, double min, double max, double data, string schedule, string prediction) => SchedulerConfig.Empty
        .With("num_train_timesteps", 1000).With("sigma_min", min).With("sigma_max", max).With("sigma_data", data)
        .With("sigma_schedule", schedule).With("prediction_type", prediction).WithClass(className);

    private double Single(string name) => Values(name) is [> 0 and < double.PositiveInfinity and var value]
        ? value
        : throw new CheckpointException(file.Path, $"'{name}' is not one number above 0.");

    private double[] Values(string name)
    {
        const int Most = 64;
        if (file.Find(name)!.Shape.Aggregate(1.0, (count, dimension) => count * dimension) > Most)
            throw new CheckpointException(file.Path, $"'{name}' has more than {Most} values.");
        using DisposeScope scope = NewDisposeScope();
        return [.. file.Read(name).to(ScalarType.Float64).flatten().data<double>()];
    }
}
