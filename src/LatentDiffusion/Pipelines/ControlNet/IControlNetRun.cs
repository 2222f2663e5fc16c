using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A ControlNet in one run of a scheduler: what does not change between evaluations is computed once.</summary>
internal interface IControlNetRun : IDisposable
{
    /// <summary>Evaluates the network once, without gradients.</summary>
    /// <param name="input">Input of the denoiser.</param>
    /// <param name="images">The control image; for a union ControlNet one or more.</param>
    /// <returns>
    /// One tensor for each of <see cref="ControlNetDescription.ResidualChannels"/>, in the network's type, in the current dispose scope.
    /// </returns>
    IReadOnlyList<Tensor> Evaluate(DenoiserInput input, IReadOnlyList<ControlCondition> images);
}
