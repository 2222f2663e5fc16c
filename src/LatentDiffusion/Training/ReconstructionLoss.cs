using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>How far reconstructions are from the images: absolute and squared error, colour differences, and features.</summary>
internal sealed class ReconstructionLoss
{
    private readonly AutoencoderTrainingOptions _options;
    private readonly PerceptualDistance? _perceptual;

    /// <exception cref="ArgumentException">There are features and no weight for them, or a weight and no features.</exception>
    public ReconstructionLoss(AutoencoderTrainingOptions options, IPerceptualFeatures? features)
    {
        _options = options;
        if (options.PerceptualWeight > 0 != features is not null)
            throw new ArgumentException(
                $"PerceptualWeight is {options.PerceptualWeight}, and perceptual features are "
                    + $"{(features is null ? "not " : "")}given; expected both or neither.",
                nameof(options));
        if (features is not null) _perceptual = new PerceptualDistance(features);
    }

    public Tensor Compute(Tensor reconstruction, Tensor pixels, TrainingStep step)
    {
        Tensor error = reconstruction - pixels;
        Tensor green = error.narrow(1, 1, 1),
            chroma = (error.narrow(1, 0, 1) - green).abs().mean().Add((error.narrow(1, 2, 1) - green).abs().mean());
        Tensor absolute = error.abs().mean().Multiply(_options.AbsoluteWeight),
            squared = error.Square().mean().Multiply(_options.SquaredWeight);
        Tensor loss = absolute.Add(squared).Add(chroma.Multiply(_options.ChromaWeight));
        if (_perceptual is null) return loss;
        Tensor distance = _perceptual.Between(reconstruction, pixels);
        step.Report("perceptual", distance);
        return loss.Add(distance.Multiply(_options.PerceptualWeight));
    }
}
