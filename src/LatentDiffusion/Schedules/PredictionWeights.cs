namespace LatentDiffusion.Schedulers;

/// <summary>The x_0 or ε that a prediction means, as a weighted sum of the noisy sample and the prediction.</summary>
/// <param name="Noisy">Weight of the noisy sample x = α·x_0 + σ·ε.</param>
/// <param name="Prediction">Weight of the prediction.</param>
public readonly record struct PredictionWeights(double Noisy, double Prediction)
{
    /// <summary>Whether the sum is finite and depends on the prediction.</summary>
    public bool IsInvertible => double.IsFinite(Noisy) && double.IsFinite(Prediction) && Prediction != 0;
}
