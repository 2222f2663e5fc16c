using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Every time is drawn as often (Ho et al. 2020, algorithm 1). JSON kind <c>uniform</c>.</summary>
public sealed record UniformTimesteps : TimestepSampling
{
    /// <inheritdoc />
    public override Tensor Draw(int count, Generator generator) => rand(count, generator: generator);
}
