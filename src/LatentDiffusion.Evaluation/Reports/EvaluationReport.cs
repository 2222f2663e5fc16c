using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>All that one evaluation of a model found. What was left out is null or empty.</summary>
public sealed record EvaluationReport
{
    /// <summary>Which model.</summary>
    public required string Model { get; init; }

    /// <summary>Width and height of the pictures.</summary>
    public required int PictureSize { get; init; }

    /// <summary>What the test pictures are.</summary>
    public required string TestSet { get; init; }

    /// <summary>What the training pictures are.</summary>
    public string? TrainingSet { get; init; }

    /// <summary>How the model's training went.</summary>
    public TrainingHistory? Course { get; init; }

    /// <summary>How much was evaluated.</summary>
    public required ModelEvaluationOptions Options { get; init; }

    /// <summary>Denoising loss of the test pictures.</summary>
    public required DenoisingLoss TestLoss { get; init; }

    /// <summary>Denoising loss of the training pictures.</summary>
    public DenoisingLoss? TrainingLoss => Memorisation?.Training;

    /// <summary>Test loss beside training loss.</summary>
    public LossComparison? Memorisation { get; init; }

    /// <summary>The variational bound of the test pictures.</summary>
    public VariationalBound? Bound { get; init; }

    /// <summary>
    /// log₂ of the factor between the autoencoder's own latents and the denoiser's, as a mean over channels; null where the
    /// autoencoder does not tell. A bound of densities minus this is one in the autoencoder's own latents.
    /// </summary>
    public double? LatentScaleBits { get; init; }

    /// <summary>How well the autoencoder gives the test pictures back.</summary>
    public AutoencoderQuality? Autoencoder { get; init; }

    /// <summary>Distances of generated, and of training pictures, from the test pictures.</summary>
    public IReadOnlyList<SetDistance> Distances { get; init; } = [];

    /// <summary>Nearest training pictures of the generated ones.</summary>
    public NeighbourReport? Neighbours { get; init; }

    /// <summary>How often generated pictures show their prompts.</summary>
    public PromptAdherence? Adherence { get; init; }

    /// <summary>Pictures of the prompts.</summary>
    public PromptSamples? Samples { get; init; }

    /// <summary>The test pictures that the autoencoder was measured on, for the page.</summary>
    [JsonIgnore]
    internal IReadOnlyList<ImageBuffer> TestPictures { get; init; } = [];
}
