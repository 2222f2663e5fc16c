using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The activations that published configurations name.</summary>
internal static class Activations
{
    public static Func<Tensor, Tensor> ByName(string name) => name switch
    {
        "silu" or "swish" => SiluFunction,
        "relu" => Relu,
        "gelu" => x => nn.functional.gelu(x),
        "gelu_new" => GeluTanh,
        "mish" => Mish,
        "quick_gelu" => QuickGelu,
        _ => throw new NotSupportedException(
            $"Activation '{MessageText.Truncate(name, 100)}' is not known; "
            + "expected silu, swish, relu, gelu, gelu_new, mish or quick_gelu."),
    };

    /// <summary>The one object that stands for <see cref="Silu"/>.</summary>
    public static Func<Tensor, Tensor> SiluFunction { get; } = Silu;

    public static Tensor Silu(Tensor x) => nn.functional.silu(x);

    /// <summary>
    /// GELU approximated with tanh (Hendrycks &amp; Gimpel 2016), published as <c>gelu-approximate</c> and <c>gelu_new</c>.
    /// </summary>
    public static Tensor GeluTanh(Tensor x) => x.gelu(GELU.Approximate.tanh);

    /// <summary>SiLU(x₁) ⊙ x₂ of the two halves of the last dimension (SwiGLU, Shazeer 2020).</summary>
    public static Tensor SwiGlu(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] halves = x.chunk(2, -1);
        return (Silu(halves[0]) * halves[1]).MoveToOuterDisposeScope();
    }

    public static Tensor Relu(Tensor x) => nn.functional.relu(x);

    /// <summary>x·tanh(ln(1 + eˣ)) (Misra 2019).</summary>
    private static Tensor Mish(Tensor x)
    {
        using Tensor zero = zeros(1, x.dtype, x.device), soft = x.logaddexp(zero);
        return soft.tanh().Into(gate => x * gate);
    }

    /// <summary>x·σ(1.702·x), as OpenAI's CLIP was trained with.</summary>
    private static Tensor QuickGelu(Tensor x)
    {
        using Tensor gate = x.Multiply(1.702).sigmoid_();
        return x * gate;
    }
}
