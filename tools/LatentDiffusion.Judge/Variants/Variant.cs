namespace LatentDiffusion.Judge;

/// <summary>A small training that differs from the plain one in one way.</summary>
/// <param name="Name">Name of the difference.</param>
internal sealed record Variant(string Name)
{
    /// <summary>Prediction that the network is trained for.</summary>
    public PredictionType Prediction { get; init; } = PredictionType.Epsilon;

    /// <summary>Whether the schedule ends without any signal.</summary>
    public bool ZeroTerminalSnr { get; init; }

    /// <summary>Weight of each timestep's error.</summary>
    public LossWeighting Weighting { get; init; } = new UniformWeighting();

    /// <summary>Whether latents are scaled to zero mean and unit variance.</summary>
    public bool ScalesLatents { get; init; } = true;

    /// <summary>Whether the last weights are measured in addition to their average.</summary>
    public bool MeasuresLastWeights { get; init; }

    /// <summary>Name of the variant's folder.</summary>
    public string Folder => Name.Replace(' ', '-').Replace(",", "", StringComparison.Ordinal);

    /// <summary>
    /// All variants: plain DDPM, and each improvement by itself. Zero terminal SNR needs a prediction that is defined without
    /// any signal, so it is combined with velocity.
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
