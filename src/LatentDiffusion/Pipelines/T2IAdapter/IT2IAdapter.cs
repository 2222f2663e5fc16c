using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A T2I-Adapter as pipelines run it, whatever its model family. Safe for concurrent generations; owns its network.</summary>
internal interface IT2IAdapter : IOffloadable, IDisposable
{
    /// <summary>What it reads and gives.</summary>
    T2IAdapterDescription Description { get; }

    /// <summary>Evaluates the network, without gradients.</summary>
    /// <param name="image">
    /// Control images in [0, 1], [batch, <see cref="T2IAdapterDescription.Channels"/>, height, width] in pixels.
    /// </param>
    /// <returns>One tensor for each of <see cref="T2IAdapterDescription.Features"/>, in the current dispose scope.</returns>
    IReadOnlyList<Tensor> Evaluate(Tensor image);
}
