using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Steps written one after the other, each freeing what it was given: feature maps are large.</summary>
internal static class TensorSteps
{
    /// <summary>The next step's result; the tensor it is applied to is disposed.</summary>
    public static Tensor Into(this Tensor input, Func<Tensor, Tensor> next)
    {
        using (input) return next(input);
    }
}
