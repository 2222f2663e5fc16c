using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>How far reconstructions are from the pictures: absolute and squared error, colour differences, and features.</summary>
internal sealed class ReconstructionLoss
{
    private readonly AutoencoderTrainingOptions _options;
    private readonly PerceptualDistance? _perceptual;

    /// <exception cref="ArgumentException">There are features and no weight for them, or a weight and no features.</exception>
    public ReconstructionLoss(AutoencoderTrainingOptions options, IPerceptualFeatures? features)
    {
        _options = options;
        if (options.PerceptualWeight > 0 != features is not null)
            throw new ArgumentException($"PerceptualWeight is {options.PerceptualWeight}, and perceptual features are {(features is null ? "not " : "")}given; expected both or neither.", nameof(options));
        if (features is not null) _perceptual = new PerceptualDistance(features);
    }

    public Tensor Of(Tensor reconstruction, Tensor pixels, TrainingStep step)
    {
        Tensor error = reconstruction - pixels;
        Tensor green = error.narrow(1, 1, 1), chroma = (error.narrow(1, 0, 1) - green).abs().mean().Plus((error.narrow(1, 2, 1) - green).abs().mean());
        Tensor absolute = error.abs().mean().Times(_options.AbsoluteWeight), squared = error.Squared().mean().Times(_options.SquaredWeight);
        Tensor loss = absolute.Plus(squared).Plus(chroma.Times(_options.ChromaWeight));
        if (_perceptual is null) return loss;
        Tensor distance = _perceptual.Between(reconstruction, pixels);
        step.Report("perceptual", distance);
        return loss.Plus(distance.Times(_options.PerceptualWeight));
    }
}
