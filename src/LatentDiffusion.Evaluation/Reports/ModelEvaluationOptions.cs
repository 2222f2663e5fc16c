using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>Extent of a model's evaluation.</summary>
public sealed record ModelEvaluationOptions
{
    /// <summary>Seed of noise, timesteps, subsets and generated images. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Images of the test set, and of the training set, for losses and the autoencoder; at least 2, default 32.
    /// </summary>
    [Range(2, int.MaxValue)]
    public int ImageCount { get; init; } = 32;

    /// <summary>Timestep buckets of the loss, from 1 to 1000. Default 10.</summary>
    [Range(1, 1000)]
    public int Buckets { get; init; } = 10;

    /// <summary>Timesteps per bucket, from 1 to 1000. Default 2.</summary>
    [Range(1, 1000)]
    public int TimestepsPerBucket { get; init; } = 2;

    /// <summary>Timesteps of the variational bound, up to 100,000; 0 leaves it out. Default 24.</summary>
    [Range(0, 100_000)]
    public int BoundTimesteps { get; init; } = 24;

    /// <summary>The bound's reverse variance; null, the default, for the learned one, else the one with the lower bound.</summary>
    public ReverseVariance? BoundVariance { get; init; }

    /// <summary>How the bound's last step is measured. Default <see cref="DataLikelihood.Density"/>, which fits latents.</summary>
    public DataLikelihood BoundLikelihood { get; init; }

    /// <summary>
    /// Images generated from the test set's captions for distances, neighbours and adherence; 0 for none, otherwise at least 8.
    /// Default 24.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int Generated { get; init; } = 24;

    /// <summary>Images per prompt on the sample sheet, up to 1024; 0 for no sheet. Default 2.</summary>
    [Range(0, 1024)]
    public int SheetColumns { get; init; } = 2;

    /// <summary>
    /// Training images among which nearest neighbours are searched, from the first; limited to the size of the set; 0 leaves the
    /// search out. Default 25,000, which is all of most sets.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int NeighbourPool { get; init; } = 25_000;

    /// <summary>Sampling steps, from 1 to 1000; null for the pipeline's.</summary>
    [RequestRange(nameof(GenerationRequest.Steps))]
    public int? Steps { get; init; }

    /// <summary>Guidance scale, from 0 to 100; null for the pipeline's.</summary>
    [RequestRange(nameof(GenerationRequest.GuidanceScale))]
    public double? GuidanceScale { get; init; }

    /// <summary>Fraction of confidence intervals that contain the true value, in (0, 1). Default 0.95.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Confidence { get; init; } = 0.95;
}
