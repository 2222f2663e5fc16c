using LatentDiffusion.Evaluation;

namespace Lab;

/// <summary>The trained model and how its training went.</summary>
/// <param name="Model">Folder of the model.</param>
/// <param name="Autoencoder">Course of the autoencoder's training.</param>
/// <param name="Denoiser">Course of the denoiser's training.</param>
/// <param name="Weighted">Weighted loss on the validation images, by step.</param>
/// <param name="Quality">Reconstructions of validation images.</param>
/// <param name="Parameters">Number of parameters of each network, and the training that it had.</param>
internal sealed record TrainingResult(
    string Model, StageResult Autoencoder, StageResult Denoiser, IReadOnlyList<MetricPoint> Weighted, AutoencoderQuality Quality,
    IReadOnlyList<(string Network, long Count, StageResult Stage)> Parameters);

/// <summary>The course of one training.</summary>
/// <param name="Steps">Number of steps.</param>
/// <param name="Time">Time that they took, with validations.</param>
/// <param name="Curves">Loss curves.</param>
/// <param name="Trend">Whether the validation loss still falls.</param>
internal sealed record StageResult(long Steps, TimeSpan Time, LossCurves Curves, ConvergenceEstimate Trend);
