using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>All results of one evaluation of a model. Parts that were left out are null or empty.</summary>
public sealed record EvaluationReport
{
    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Width and height of the images in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Description of the test images.</summary>
    public required string TestSet { get; init; }

    /// <summary>Description of the training images.</summary>
    public string? TrainingSet { get; init; }

    /// <summary>History of the model's training.</summary>
    public TrainingHistory? TrainingHistory { get; init; }

    /// <summary>Options of the evaluation.</summary>
    public required ModelEvaluationOptions Options { get; init; }

    /// <summary>Denoising loss of the test images.</summary>
    public required DenoisingLoss TestLoss { get; init; }

    /// <summary>Denoising loss of the training images.</summary>
    public DenoisingLoss? TrainingLoss => LossComparison?.Training;

    /// <summary>Test loss compared with training loss.</summary>
    public LossComparison? LossComparison { get; init; }

    /// <summary>The variational bound of the test images.</summary>
    public VariationalBound? Bound { get; init; }

    /// <summary>
    /// log₂ of the factor between the autoencoder's unscaled latents and the denoiser's, as a mean over channels; null if the
    /// autoencoder does not report it. A density bound minus this value is a bound in the unscaled latents.
    /// </summary>
    public double? LatentScaleBits { get; init; }

    /// <summary>How well the autoencoder reconstructs the test images.</summary>
    public AutoencoderQuality? Autoencoder { get; init; }

    /// <summary>Distances of generated and training images from the test images.</summary>
    public IReadOnlyList<SetDistance> Distances { get; init; } = [];

    /// <summary>Nearest training images of the generated ones.</summary>
    public NeighbourReport? Neighbours { get; init; }

    /// <summary>How often generated images show their prompts.</summary>
    public PromptAdherence? Adherence { get; init; }

    /// <summary>Images for the prompts.</summary>
    public PromptSamples? Samples { get; init; }

    /// <summary>The test images that the autoencoder was measured on, for the page.</summary>
    [JsonIgnore]
    internal IReadOnlyList<ImageBuffer> TestImages { get; init; } = [];
}
