using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>How much of a model is evaluated.</summary>
public sealed record ModelEvaluationOptions
{
    /// <summary>Noise, timesteps, subsets and the generated pictures' seeds follow from it. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Pictures of the test set, and of the training set beside it, for losses and the autoencoder; at least 2, default 32.</summary>
    [Range(2, int.MaxValue)]
    public int Pictures { get; init; } = 32;

    /// <summary>Buckets of timesteps of the loss, at least 1. Default 10.</summary>
    [Range(1, 1000)]
    public int Buckets { get; init; } = 10;

    /// <summary>Timesteps a bucket, at least 1. Default 2.</summary>
    [Range(1, 1000)]
    public int TimestepsPerBucket { get; init; } = 2;

    /// <summary>Timesteps of the variational bound; 0 leaves it out. Default 24.</summary>
    [Range(0, 100_000)]
    public int BoundTimesteps { get; init; } = 24;

    /// <summary>The bound's reverse variance; null, the default, for the network's own, or else the one of the lower bound.</summary>
    public ReverseVariance? BoundVariance { get; init; }

    /// <summary>What the bound's last step is measured as. Default <see cref="DataLikelihood.Density"/>, as fits latents.</summary>
    public DataLikelihood BoundLikelihood { get; init; }

    /// <summary>Pictures generated from the test set's captions for distances, neighbours and adherence; 0 for none, otherwise at least 8. Default 24.</summary>
    [Range(0, int.MaxValue)]
    public int Generated { get; init; } = 24;

    /// <summary>Pictures of each prompt on the sample sheet; 0 for no sheet. Default 2.</summary>
    [Range(0, 1024)]
    public int SheetColumns { get; init; } = 2;

    /// <summary>Training pictures that nearest neighbours are looked for among, from the first; at most as many as there are; 0 leaves the search out. Default 25,000, which is all of most sets.</summary>
    [Range(0, int.MaxValue)]
    public int NeighbourPool { get; init; } = 25_000;

    /// <summary>Sampling steps; null for the pipeline's.</summary>
    [RequestRange(nameof(GenerationRequest.Steps))]
    public int? Steps { get; init; }

    /// <summary>Guidance scale; null for the pipeline's.</summary>
    [RequestRange(nameof(GenerationRequest.GuidanceScale))]
    public double? GuidanceScale { get; init; }

    /// <summary>Share of confidence intervals that hold the true value, in (0, 1). Default 0.95.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Confidence { get; init; } = 0.95;
}
