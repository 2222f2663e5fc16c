namespace LatentDiffusion;

/// <summary>What a model's output says of x_0 or of ε, as a weighted sum of the noisy sample and of the output.</summary>
/// <param name="Sample">Weight of the noisy sample x = α·x_0 + σ·ε.</param>
/// <param name="Output">Weight of the model's output.</param>
internal readonly record struct OutputWeights(double Sample, double Output)
{
    /// <summary>The clean sample x_0.</summary>
    public static OutputWeights ToClean(PredictionType type, NoiseLevel at) => type switch
    {
        PredictionType.Epsilon => new(1 / at.Alpha, -at.Sigma / at.Alpha),
        PredictionType.Sample => new(0, 1),
        PredictionType.Velocity => new(at.Alpha, -at.Sigma),
        _ => new(1, -at.Level),
    };

    /// <summary>The noise ε.</summary>
    public static OutputWeights ToNoise(PredictionType type, NoiseLevel at) => type switch
    {
        PredictionType.Epsilon => new(0, 1),
        PredictionType.Sample => new(1 / at.Sigma, -at.Alpha / at.Sigma),
        PredictionType.Velocity => new(at.Sigma, at.Alpha),
        _ => new((1 - at.Alpha) / at.Sigma, at.Alpha * at.Level / at.Sigma),
    };
}
