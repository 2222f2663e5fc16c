using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Converts a model's output to what an exponential integrator is written in.</summary>
/// <param name="Prediction">What the model gives.</param>
/// <param name="ToClean">Whether x_0 is wanted rather than ε.</param>
/// <param name="Bounds">Bounds of x_0.</param>
internal sealed record OutputConversion(PredictionType Prediction, bool ToClean, SampleBounds Bounds)
{
    /// <summary>x_0 or ε, as a new tensor that nobody else holds.</summary>
    public Tensor Apply(Tensor output, Tensor sample, NoiseLevel at)
    {
        if (ToClean) return Bounds.Apply(Combine(OutputWeights.ToClean(Prediction, at), sample, output));
        if (!Bounds.Thresholding) return Combine(OutputWeights.ToNoise(Prediction, at), sample, output);
        Tensor clean = Bounds.Apply(Combine(OutputWeights.ToClean(Prediction, at), sample, output));
        return LinearCombination.Of((1 / at.Sigma, sample), (-at.Alpha / at.Sigma, clean));
    }

    private static Tensor Combine(OutputWeights weights, Tensor sample, Tensor output) =>
        LinearCombination.Of((weights.Sample, sample), (weights.Output, output));

}
