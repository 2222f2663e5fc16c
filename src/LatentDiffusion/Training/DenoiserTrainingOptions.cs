using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>Options of the denoiser's objective.</summary>
public sealed record DenoiserTrainingOptions
{
    /// <summary>Images a step, at least 1. Default 16.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 16;

    /// <summary>The network's prediction type. Default <see cref="PredictionType.Epsilon"/>.</summary>
    public PredictionType PredictionType { get; init; } = PredictionType.Epsilon;

    /// <summary>
    /// Fraction of captions replaced by the empty one, in [0, 1), so that the network also learns the unconditional
    /// distribution that guidance needs (Ho &amp; Salimans 2022, algorithm 1). Default 0.1.
    /// </summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double CaptionDropout { get; init; } = 0.1;

    /// <summary>
    /// How much each timestep's error counts. Default <see cref="UniformWeighting"/>, the simple loss, which is also the
    /// only one for <see cref="PredictionType.Flow"/>.
    /// </summary>
    public LossWeighting Weighting { get; init; } = new UniformWeighting();

    /// <summary>How timesteps are drawn. Default <see cref="UniformTimesteps"/>.</summary>
    public TimestepSampling Timesteps { get; init; } = new UniformTimesteps();

    /// <summary>
    /// Shift s of a flow's times towards noise, t' = s·t/(1 + (s−1)·t) (Esser et al. 2024, equation 23), above 0; other
    /// than 1 for <see cref="PredictionType.Flow"/> only. Default 1.
    /// </summary>
    [Range(0.0, 1000.0, MinimumIsExclusive = true)]
    public double FlowTimeShift { get; init; } = 1;

    /// <summary>
    /// Whether the network also learns the variance of each step, from the hybrid loss L_simple + λ·L_vlb (Nichol &amp;
    /// Dhariwal 2021, equation 16); it then has twice as many output channels. Default false.
    /// </summary>
    public bool LearnedVariance { get; init; }

    /// <summary>
    /// λ of <see cref="LearnedVariance"/>, above 0; the bound L_vlb is in bits a value, summed over timesteps. Default 0.001, the paper's.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double VariationalWeight { get; init; } = 0.001;

    /// <summary>
    /// Strength of noise that is one number a channel, added to the noise that is learned, at least 0: images whose mean
    /// is far from gray are then learned too (Guttenberg 2023, "Diffusion with Offset Noise"; 0.1 there). Default 0.
    /// </summary>
    [Range(0.0, 10.0)]
    public double OffsetNoise { get; init; }

    /// <summary>
    /// Strength of further noise in the network's input only, at least 0, which makes it robust to its own errors in
    /// sampling (Ning et al. 2023, "Input Perturbation Reduces Exposure Bias"; 0.1 there). Default 0.
    /// </summary>
    [Range(0.0, 10.0)]
    public double InputPerturbation { get; init; }

    /// <summary>
    /// δ of the pseudo-Huber loss 2δ·(√(e² + δ²) − δ) in place of e², above 0, which outliers move less: e² for small
    /// errors and 2δ·|e| for large; null for e². Default null.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double? HuberDelta { get; init; }

    /// <summary>
    /// How much viewers liked the images, −100 to 100, for a U-Net that receives it (the refiner of SDXL); null for 6, as
    /// published, or for a U-Net that does not receive it. Default null.
    /// </summary>
    [Range(-100.0, 100.0)]
    public double? AestheticScore { get; init; }

    /// <summary>
    /// The guidance scale that a denoiser which learned guidance reads in training, 0 to 100. Null, the default, for denoisers that
    /// read none.
    /// </summary>
    [Range(0.0, 100.0)]
    public double? GuidanceScale { get; init; }

    /// <summary>Whether the text encoder is trained with the denoiser; where not, it stays as it is. Default true.</summary>
    public bool TrainTextEncoder { get; init; } = true;
}
