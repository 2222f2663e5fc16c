namespace LatentDiffusion.Judge;

/// <summary>A small training that differs from the plain one in what its name says.</summary>
/// <param name="Name">What is different.</param>
internal sealed record Variant(string Name)
{
    /// <summary>What the network learns to predict.</summary>
    public PredictionType Prediction { get; init; } = PredictionType.Epsilon;

    /// <summary>Whether the schedule ends at no signal at all.</summary>
    public bool ZeroTerminalSnr { get; init; }

    /// <summary>How much each timestep's error counts.</summary>
    public LossWeighting Weighting { get; init; } = new UniformWeighting();

    /// <summary>Whether latents are brought to zero mean and unit variance.</summary>
    public bool ScalesLatents { get; init; } = true;

    /// <summary>Whether the last weights are measured, too, beside their average.</summary>
    public bool MeasuresLastWeights { get; init; }

    /// <summary>A name for its folder.</summary>
    public string Folder => Name.Replace(' ', '-').Replace(",", "", StringComparison.Ordinal);

    /// <summary>
    /// All that are trained: plain DDPM, and each improvement beside it. Zero terminal SNR needs a prediction that means
    /// something where there is no signal, and stands beside velocity.
    /// </summary>
    public static IReadOnlyList<Variant> All { get; } =
    [
        new("plain") { MeasuresLastWeights = true },
        new("without latent scaling") { ScalesLatents = false },
        new("min-SNR weighting") { Weighting = new MinSnrWeighting() },
        new("velocity prediction") { Prediction = PredictionType.Velocity },
        new("velocity, zero terminal SNR") { Prediction = PredictionType.Velocity, ZeroTerminalSnr = true },
    ];
}
