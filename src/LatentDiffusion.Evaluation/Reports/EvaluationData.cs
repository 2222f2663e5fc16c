namespace LatentDiffusion.Evaluation;

/// <summary>Data that a model is evaluated on.</summary>
public sealed record EvaluationData
{
    /// <summary>Images that the model was not trained on.</summary>
    public required ICaptionedImageSource Test { get; init; }

    /// <summary>Description of the test images, for the report.</summary>
    public required string TestName { get; init; }

    /// <summary>Images that the model was trained on; null leaves out the comparison with them and the nearest neighbours.</summary>
    public ICaptionedImageSource? Training { get; init; }

    /// <summary>
    /// Whether the model was also trained on mirrored training images. Nearest training images are then searched among both.
    /// Default false.
    /// </summary>
    public bool TrainingMirrored { get; init; }

    /// <summary>Description of the training images, for the report.</summary>
    public string? TrainingName { get; init; }

    /// <summary>History of the model's training, for the report; null if it is not known.</summary>
    public TrainingHistory? TrainingHistory { get; init; }

    /// <summary>Prompts of the sample sheet; empty for none.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Judges whether generated images show their prompts; null for no judgement.</summary>
    public IPromptScorer? Scorer { get; init; }

    /// <summary>Features for distances; empty for the autoencoder's latents and random convolutions.</summary>
    public IReadOnlyList<IFeatureExtractor> Features { get; init; } = [];
}
