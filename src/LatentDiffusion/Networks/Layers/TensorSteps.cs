using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Chains steps, each of which frees its input: feature maps are large.</summary>
internal static class TensorSteps
{
    /// <summary>The next step's result; the tensor it is applied to is disposed.</summary>
    public static Tensor Into(this Tensor input, Func<Tensor, Tensor> next)
    {
        using (input) return next(input);
    }

    /// <summary>The sum of a tensor that nothing else holds and another: in the first one's memory where no gradient is needed.</summary>
    public static Tensor Plus(this Tensor input, Tensor summand) =>
        is_grad_enabled() ? input.Into(x => x.Add(summand)) : input.AddInPlace(summand);

    /// <summary>The activation of a tensor that nothing else holds: in its own memory where no gradient needs its values.</summary>
    public static Tensor Activate(this Tensor input, Func<Tensor, Tensor> activation)
    {
        if (is_grad_enabled() || activation != Activations.SiluFunction) return input.Into(activation);
        return nn.functional.silu(input, inplace: true);
    }

    /// <summary>The leaky ReLU of a tensor that nothing else holds: in its own memory where no gradient needs its values.</summary>
    public static Tensor ActivateLeaky(this Tensor input, double slope) =>
        is_grad_enabled() ? input.Into(x => x.LeakyRelu(slope)) : input.LeakyReluInPlace(slope);
}
