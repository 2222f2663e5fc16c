namespace LatentDiffusion.Evaluation;

/// <summary>What a model is evaluated on.</summary>
public sealed record EvaluationData
{
    /// <summary>Pictures that the model was not trained on.</summary>
    public required ICaptionedImageSource Test { get; init; }

    /// <summary>What the test pictures are, for the report.</summary>
    public required string TestName { get; init; }

    /// <summary>Pictures that the model was trained on; null leaves out the comparison with them and the nearest neighbours.</summary>
    public ICaptionedImageSource? Training { get; init; }

    /// <summary>
    /// Whether the model was also trained on these with left and right exchanged: nearest training pictures are then looked
    /// for among both. Default false.
    /// </summary>
    public bool TrainingMirrored { get; init; }

    /// <summary>What the training pictures are, for the report.</summary>
    public string? TrainingName { get; init; }

    /// <summary>How the model's training went, for the report; null where it is not known.</summary>
    public TrainingHistory? Course { get; init; }

    /// <summary>Prompts of the sample sheet; empty for none.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Judges whether generated pictures show their prompts; null for no judgement.</summary>
    public IPromptScorer? Scorer { get; init; }

    /// <summary>Features that distances are measured in; empty for the autoencoder's latents and random convolutions.</summary>
    public IReadOnlyList<IFeatureExtractor> Features { get; init; } = [];
}
